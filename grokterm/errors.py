"""What a user can be told in one line.

The message of each is the setting, the rule and the value, and what to do. The command line prints it on stderr, the screen
shows a notification. Anything else that is raised is a bug, and gets its traceback.
"""


class GroktermError(Exception):
    """Something the user can mend."""


class ConfigError(GroktermError):
    """An experiment, or a change to one, breaks a rule."""


class PresetError(ConfigError):
    """A preset cannot be found or read."""


class RunNotFoundError(GroktermError):
    """No saved run has this name."""


class CheckpointError(GroktermError):
    """A saved run cannot be read back."""


class OutOfMemoryError(GroktermError):
    """The device has no memory left."""


class StorageError(GroktermError):
    """A run cannot be written: the folder or the disk refuses."""


class ProcessDiedError(GroktermError):
    """A process that trains for this one has ended without being told to."""
