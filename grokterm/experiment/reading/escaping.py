"""Text that is not ours, in files of JSON and TOML: a terminal that shows them is not steered by it."""

import unicodedata

UNSEEN = {"Cc", "Cf", "Cs"}
"""Categories of characters: control, format (bidi overrides, zero width) and surrogates."""

SPACES = dict.fromkeys(map(ord, "\t\n\v\f\r\x85\u2028\u2029"), " ")


def escaped_text(value: str) -> str:
    r"""Write what is not seen as JSON and TOML escape it, `\u009b`; line breaks stay, and what is beyond `\uffff`."""
    if value.isascii() and value.replace("\n", "").isprintable():
        return value
    return "".join(f"\\u{ord(one):04x}" if one != "\n" and one <= "\uffff" and _is_unseen(one) else one for one in value)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in UNSEEN or ord(character) in SPACES
