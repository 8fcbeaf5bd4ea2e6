"""The settings of a network from a plugin."""

from typing import Any, ClassVar

from grokterm.experiment.architectures.initial import InitialWeights
from grokterm.experiment.kinds import by_kind
from grokterm.experiment.settings import Settings


class PluginModel(InitialWeights):
    """A network from a plugin: its class has the arguments of the network's constructor as well."""

    architecture: str = ""
    """The kind of network."""

    reads_three: ClassVar[bool] = False
    """Whether it can be made for three operands."""

    @property
    def own(self) -> dict[str, Any]:
        """The settings that its constructor takes."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in PluginModel.model_fields}

    @property
    def label(self) -> str:
        """The network in a few words."""
        return f"{self.architecture} {', '.join(f'{name} {value}' for name, value in self.own.items())}".rstrip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let another process that has loaded the plugin find its class."""
        return _restored, (self.architecture, self.model_dump())


def _restored(architecture: str, settings: dict[str, Any]) -> Settings:
    from grokterm.experiment.model import MODELS

    return by_kind(MODELS, "architecture")[architecture].model_validate(settings)
