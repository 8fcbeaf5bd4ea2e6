"""What is known of an experiment without the plugins that it needs."""

from pydantic import AliasPath, ConfigDict, Field

from grokterm.experiment.settings import Settings


class Outline(Settings):
    """A few settings of an experiment, as its file says, whatever else that holds."""

    model_config = ConfigDict(extra="ignore")

    title: str = ""
    seed: int = 0
    operation: str = Field(validation_alias=AliasPath("task", "operation"))
    train_fraction: float = Field(validation_alias=AliasPath("task", "train_fraction"))
    architecture: str = Field(validation_alias=AliasPath("model", "architecture"))
    optimizer: str = Field(validation_alias=AliasPath("optimizer", "kind"))
    members: int = Field(1, ge=1, validation_alias=AliasPath("training", "members"))
    steps: int = Field(validation_alias=AliasPath("training", "steps"))

    @property
    def seeds(self) -> range:
        """The seed of each network."""
        return range(self.seed, self.seed + self.members)
