"""Whether a run can go on to a later last step."""

from grokterm.errors import ConfigError
from grokterm.experiment.interventions import Extend


def check_extension(extension: Extend, *, step: int, steps: int, ended: str | None) -> None:
    """Check an extension of a run of so many `steps` at a `step`, and of one that has ended the reason.

    Raises:
        ConfigError: if the run cannot go on to that step; the message says what to do instead.
    """
    if ended is not None and extension.steps <= step:
        raise ConfigError(f"the run has made {step:,} steps: choose more, not {extension.steps:,}")
    if ended is None and extension.steps <= steps:
        raise ConfigError(f"the run goes on to step {steps:,} as it is: choose more, not {extension.steps:,}")
