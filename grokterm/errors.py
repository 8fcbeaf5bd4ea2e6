"""Errors that the user can fix.

The message is one line: the setting, the rule, the value, and what to do. The command line prints it to stderr, the screen
shows a notification. Any other exception is a bug and gets a traceback.
"""


class GroktermError(Exception):
    """An error that the user can fix."""


class ConfigError(GroktermError):
    """An experiment, or a change to one, is invalid."""


class PresetError(ConfigError):
    """A preset cannot be found or read."""


class PluginError(ConfigError):
    """A plugin cannot be loaded, or what it adds does not work."""


class RunNotFoundError(GroktermError):
    """No saved run has this name."""


class CheckpointError(GroktermError):
    """A saved run cannot be read back."""


class OutOfMemoryError(GroktermError):
    """The device has no memory left."""


class DeviceLostError(GroktermError):
    """The device does not answer any more; what it holds is lost."""


class StorageError(GroktermError):
    """A run cannot be read or written: permissions, or a full disk."""


class RunHeldError(StorageError):
    """Another process writes to the run."""


class ProcessDiedError(GroktermError):
    """A worker process of the training ended unexpectedly."""


class NotBegunError(GroktermError):
    """A training in the background did not begin."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code  # with which its process ended


class UnreachableError(GroktermError):
    """The training of another process cannot be watched."""


class EngineError(GroktermError):
    """What a sweep is worked on by is gone."""
