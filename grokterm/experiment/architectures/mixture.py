"""The settings of a mixture of two trained networks."""

from typing import Literal

from pydantic import Field

from grokterm.experiment.settings import Settings

PARTS = ("generalizer", "memorizer")


class MixtureModel(Settings):
    """g1·g2·generalizer + m1·m2·memorizer: two frozen networks, mixed by four trained numbers (the efficiency report)."""

    architecture: Literal["mixture"] = "mixture"
    """The kind of network."""

    generalizer: str = Field("report-generalizer", min_length=1)
    """A saved run, or a preset, which is trained first if it has no saved run."""

    memorizer: str = Field("report-memorizer", min_length=1)
    """A saved run, or a preset, which is trained first if it has no saved run."""

    generalizer_speed: float = Field(1.0, gt=0)
    """Initial g2. g1 starts at 0; the larger g2, the faster their product grows."""

    memorizer_speed: float = Field(10.0, gt=0)
    """Initial m2: above generalizer_speed the memorizer is learned first, and the mixture groks."""

    @property
    def label(self) -> str:
        """The network in a few words."""
        return f"mixture {self.generalizer} {self.generalizer_speed:g} : {self.memorizer_speed:g} {self.memorizer}"
