"""Removal of control characters from text that is not ours."""

import re
import unicodedata

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # strings: window titles, links, device control
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences: colors, cursor movement
    r"|\x1b[ -/]*[0-~]?",  # everything else that begins with ESC
    re.DOTALL,
)
_SPACES = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")
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
_UNSEEN = {"Cc", "Cf", "Cs"}  # control, format (bidi overrides, zero width) and surrogates


def plain_text(value: str) -> str:
    """Remove escape sequences, control, bidi and zero-width characters; line breaks become spaces.

    Markup such as `[red]` is kept as text.
    """
    if value.isascii() and value.isprintable():
        return value
    spaced = _ESCAPE_SEQUENCE.sub("", value).translate(_SPACES)
    return "".join(character for character in spaced if unicodedata.category(character) not in _UNSEEN)


def escaped_text(value: str) -> str:
    r"""Write what `plain_text` removes as JSON and TOML escape it, `\u009b`; line breaks stay, and what is beyond `\uffff`."""
    if value.isascii() and value.replace("\n", "").isprintable():
        return value
    return "".join(f"\\u{ord(one):04x}" if one != "\n" and one <= "\uffff" and _is_unseen(one) else one for one in value)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or ord(character) in _SPACES


def ascii_text(value: str) -> str:
    """Spell out what is not ASCII: symbols by name, raised digits after ^, accents left out; `?` for all else."""
    raised = _RAISED.sub(lambda found: f"^{found[0].translate(_SUPERSCRIPTS)}", value)
    apart = unicodedata.normalize("NFKD", raised.translate(_SPELLED_OUT))
    bare = "".join(character for character in apart if not unicodedata.combining(character))
    return bare.translate(_SPELLED_OUT).encode("ascii", "replace").decode()
