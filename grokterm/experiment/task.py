"""Which equations exist, and which of them the network may see."""

from functools import lru_cache
from math import cbrt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.errors import ConfigError
from grokterm.experiment.reading.files import hashes, read_file
from grokterm.experiment.settings import KeyOf, Settings, live
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import MOST_ELEMENTS
from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import MADE_OF, MOST_TUPLES, OPERATIONS, OwnOperation, check_modulus, find_operation
from grokterm.tasks.orders import SplitName
from grokterm.tasks.sizes import n_train, share_of
from grokterm.tasks.split_file import Operands, read_split
from grokterm.tasks.structure import Structure, structure
from grokterm.tasks.sum_forms import SumForm
from grokterm.tasks.tables import Table, read_table

OperationName = Annotated[str, KeyOf(OPERATIONS, *MADE_OF)]


class Task(Settings):
    """Which equations exist, and which of them the network may see."""

    operation: OperationName = "add"
    """What a ∘ b is; random draws the whole table from the seed, expression and table are your own."""

    expression: str = ""
    """A polynomial in a and b, and c if there is one, as in a**2 + 3*a*b, for the operation expression."""

    table: str = ""
    """A file of answers for the operation table, .csv or .npy: a row for each a, a column for each b; -1 for no answer."""

    table_sha256: str = ""
    """The hash of that file, filled in when it is read."""

    factors: tuple[Annotated[int, Field(ge=2)], ...] = Field((), strict=False)
    """The p and q of the sums in Zp × Zq for the operation cyclic_product, as in [7, 11]; two or more."""

    modulus: int = Field(97, ge=2, le=MOST_ELEMENTS)
    """The p in a + b mod p, the corners of a dihedral group; else the number of elements, filled in unless it is written."""

    n_operands: int = Field(2, ge=2, le=3)
    """2 for a ∘ b, 3 for a ∘ b ∘ c: add, multiply, or an expression in a, b and c."""

    train_fraction: float = Field(0.5, gt=0, le=1)
    """Share of all equations that the network trains on; with 1, the whole table, there is no validation."""

    n_train: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Number of equations that the network trains on, from which train_fraction follows; "auto": train_fraction says."""

    split: SplitName = "random"
    """random; nested: one shuffle for every seed, of which each fraction is a prefix; symmetric: a∘b and b∘a on one side;
    stratified: the same share of every answer; file: the sides that split_file names, from which train_fraction follows."""

    split_file: str = ""
    """A .csv file of both sides for the split file, as `grokterm runs export RUN --format split` writes it."""

    split_file_sha256: str = ""
    """The hash of that file, filled in when it is read."""

    label_noise: float = live(0.0, ge=0, le=1)
    """Share of the training answers that is redrawn uniformly; validation stays clean."""

    @model_validator(mode="after")
    def _has_answers(self) -> Self:
        for operation, name in MADE_OF.items():
            if getattr(self, name) and self.operation != operation:
                raise ConfigError(f"{name} belongs to operation {operation}, not to {self.operation}")
        vars(self).update(hashes("task", vars(self)))  # frozen, but not handed out yet
        if (order := self._row.order) is not None and "modulus" not in self.model_fields_set:
            vars(self)["modulus"] = order
        check_modulus(self.operation, self._row, self.modulus)
        if self.n_operands > 2 and self.n_elements**self.n_operands > MOST_TUPLES:
            raise ConfigError(f"modulus must be at most {int(cbrt(MOST_TUPLES))} for three operands, not {self.modulus}")
        n_equations = self._row.n_equations(self.modulus)
        if self.n_train != "auto":
            share = share_of(self.n_train, n_equations)
            if "train_fraction" in self.model_fields_set and n_train(self.train_fraction, n_equations) != self.n_train:
                raise ConfigError(
                    f"train_fraction {self.train_fraction:g} of {n_equations:,} equations is not n_train {self.n_train:,}:"
                    " write one of them"
                )
            vars(self)["train_fraction"] = share
        if sides := self._sides:
            self._follow_file(sides, n_equations)
        n_train(self.train_fraction, n_equations)
        return self

    def _follow_file(self, sides: tuple[Operands, Operands], n_equations: int) -> None:
        """Take the size of the training set from the split's file, all of whose tuples have to have an answer."""
        for operands in sides:
            if len(missing := operands[~self._row.has_answer(operands)]):
                raise ConfigError(f"split_file names {tuple(missing[0].tolist())}, to which {self.operation} has no answer")
        size = len(sides[0])
        for name, n_written in (("n_train", self.n_train), ("train_fraction", round(self.train_fraction * n_equations))):
            if name in self.model_fields_set and n_written not in ("auto", size):
                written = f"{name} {getattr(self, name):g}"
                raise ConfigError(f"{written} is not the {size:,} training equations of split_file: leave {name} out")
        vars(self)["train_fraction"] = size / n_equations

    @property
    def _sides(self) -> tuple[Operands, Operands] | None:
        """The operands of both sides, if a file names them."""
        if self.split != "file":
            if self.split_file:
                raise ConfigError(f"split_file belongs to split file, not to {self.split}: set task.split=file too")
            return None
        if not self.split_file:
            raise ConfigError(
                "split file needs a file: set task.split_file to a .csv file, such as `grokterm runs export RUN --format split`"
                " writes"
            )
        return _split(self.split_file, self.split_file_sha256, self.n_operands, self.n_elements)

    @property
    def has_validation(self) -> bool:
        """Whether an equation is held out at the start."""
        sides = self._sides
        return self.train_fraction < 1 if sides is None else len(sides[1]) > 0

    @property
    def train_size(self) -> int:
        """Training equations at the start, before any swap."""
        return n_train(self.train_fraction, self._row.n_equations(self.modulus))

    @property
    def n_elements(self) -> int:
        """How many elements a, b and their answers range over: 0 .. n - 1."""
        return self._row.n_elements(self.modulus)

    @property
    def sum_form(self) -> SumForm | None:
        """The operation as a sum F(f1(a) + f2(b)); None where it is none."""
        return self._row.sum_form(self.modulus)

    @property
    def is_symmetric(self) -> bool:
        """Whether a ∘ b = b ∘ a for every pair."""
        return self._row.is_symmetric(self.modulus)

    def structure(self, seed: int) -> Structure:
        """Say what is known of the operation; only a random table depends on the seed."""
        return structure(self._row, self.modulus, seed)

    @property
    def own(self) -> OwnOperation:
        """What the operation is made of, if it has no row."""
        return OwnOperation(self.expression, _table(self.table, self.table_sha256) if self.table else None, self.factors)

    @property
    def _row(self) -> Operation:
        return find_operation(self.operation, self.own, self.n_operands)

    def dataset(self, seed: int) -> Dataset:
        """Draw the equations and their split."""
        return Dataset.create(
            operation=self.operation,
            own=self.own,
            modulus=self.modulus,
            n_operands=self.n_operands,
            split=self.split,
            label_noise=self.label_noise,
            train_fraction=self.train_fraction,
            seed=seed,
            sides=self._sides,
        )


@lru_cache(maxsize=8)
def _table(path: str, sha256: str) -> Table:
    file = read_file("task", "table", path, sha256)
    try:
        return Table(file.path.name, file.sha256, read_table(file.content, file.path.suffix.lower()))
    except ValueError as error:
        raise ConfigError(f"task.table {path} cannot be read: {error}") from None


@lru_cache(maxsize=8)
def _split(path: str, sha256: str, n_operands: int, n_elements: int) -> tuple[Operands, Operands]:
    file = read_file("task", "split_file", path, sha256)
    try:
        return read_split(file.content, n_operands, n_elements)
    except ValueError as error:
        raise ConfigError(f"task.split_file {path} cannot be read: {error}") from None
