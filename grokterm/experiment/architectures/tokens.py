"""Settings shared by the networks over tokens."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.architectures.initial import InitialWeights


class TokenModel(InitialWeights):
    """A network over tokens: the residues 0 .. p - 1, then =, the operator and <eos>."""

    vocabulary: Literal["auto"] | Annotated[int, Field(ge=3)] = "auto"
    """Number of tokens and of classes: "auto" for those of the task, or a number (the efficiency report's is 239)."""

    @property
    def prompt(self) -> str:
        """The input tokens, as a template."""
        raise NotImplementedError

    @property
    def target(self) -> str:
        """The tokens to predict at the last positions of the prompt."""
        return "c"

    def n_tokens(self, n_elements: int) -> int:
        """Return the size of the vocabulary."""
        return self.n_needed(n_elements) if self.vocabulary == "auto" else self.vocabulary

    def check(self, n_elements: int) -> None:
        """Check that the vocabulary has all tokens of the task.

        Raises:
            ValueError: if it is too small.
        """
        if self.n_tokens(n_elements) < self.n_needed(n_elements):
            raise ValueError(
                f"model.vocabulary must be at least {self.n_needed(n_elements)} for equations modulo {n_elements} written as"
                f" {self.prompt!r}, not {self.vocabulary}"
            )

    def n_needed(self, n_elements: int) -> int:
        """Return the number of tokens that occur in equations."""
        return n_elements + {"a b": 0, "a b =": 1}.get(self.prompt, 3)


class SequenceModel(TokenModel):
    """A network over token sequences."""

    sequence: Literal["a b", "a b =", "<eos> a op b = c <eos>"] = "a b ="
    """How an equation is written; the network reads the part before the tokens to predict."""

    scored: Literal["answer", "answer_and_eos"] = "answer"
    """What to predict: the answer c, or c and then <eos>; then the loss is their mean, and both must be right."""

    @model_validator(mode="after")
    def _target_is_written(self) -> Self:
        if self.scored == "answer_and_eos" and "<eos>" not in self.sequence:
            raise ValueError(
                f"scored is answer_and_eos, and the sequence {self.sequence!r} has no <eos>: choose '<eos> a op b = c <eos>'"
            )
        return self

    @property
    def prompt(self) -> str:
        """The input tokens, as a template."""
        return self.sequence.removesuffix(" <eos>" if self.scored == "answer_and_eos" else " c <eos>")

    @property
    def target(self) -> str:
        """The tokens to predict at the last positions of the prompt."""
        return "c <eos>" if self.scored == "answer_and_eos" else "c"
