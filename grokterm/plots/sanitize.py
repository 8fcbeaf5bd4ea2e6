"""Removal of control characters from text that is not ours."""

import re
import unicodedata

from grokterm.experiment.reading.escaping import SPACES, UNSEEN

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # strings: window titles, links, device control
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences: colors, cursor movement
    r"|\x1b[ -/]*[0-~]?",  # everything else that begins with ESC
    re.DOTALL,
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵗ", "0123456789+-Tt")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀᵗ]+")
_SPELLED_OUT = str.maketrans(
    {
        "α": "alpha",
        "β": "beta",
        "ε": "eps",
        "η": "eta",
        "λ": "lambda",
        "μ": "mu",
        "π": "pi",
        "σ": "sigma",
        "φ": "phi",
        "χ": "chi",
        "ψ": "psi",
        "Π": "Pi",
        "Σ": "Sum",
        "∇": "grad",
        "√": "sqrt",
        "·": "*",
        "∘": "o",
        "×": "x",
        "÷": "/",
        "±": "+-",
        "−": "-",
        "–": "-",
        "—": "-",
        "⁄": "/",
        "‖": "|",
        "≈": "~",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "→": "->",
        "←": "<-",
        "↑": "^",
        "↓": "v",
        "…": "...",
        "∞": "inf",
        "⌊": "[",
        "⌋": "]",
        "⌈": "[",
        "⌉": "]",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "■": "#",
        "●": "*",
        "○": "o",
        "█": "#",
        "▓": "#",
        "▒": "=",
        "░": "-",
        "▀": "#",
        "▄": "_",
    }
)


def plain_text(value: str) -> str:
    """Remove escape sequences, control, bidi and zero-width characters; line breaks become spaces.

    Markup such as `[red]` is kept as text.
    """
    if value.isascii() and value.isprintable():
        return value
    spaced = _ESCAPE_SEQUENCE.sub("", value).translate(SPACES)
    return "".join(character for character in spaced if unicodedata.category(character) not in UNSEEN)


def ascii_text(value: str) -> str:
    """Spell out what is not ASCII: symbols by name, raised digits after ^, accents left out; `?` for all else."""
    raised = _RAISED.sub(lambda found: f"^{found[0].translate(_SUPERSCRIPTS)}", value)
    apart = unicodedata.normalize("NFKD", raised.translate(_SPELLED_OUT))
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return bare.translate(_SPELLED_OUT).encode("ascii", "replace").decode()
