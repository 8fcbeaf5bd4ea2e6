"""The structure of an operation in words."""

from grokterm.tasks.structure import Structure


def in_line(found: Structure) -> str:
    """Say all in one line, for 80 columns: `97 elements · commutative, identity 1 · chance 2.1 % · basis: logarithms`."""
    basis = f"basis: {found.basis}" if found.basis else "no basis known"
    return f"{found.n_elements} elements · {algebra(found)} · chance {chance(found)} · {basis}"


def algebra(found: Structure) -> str:
    """Say which laws hold. Where elements are numbered as a group's, the identity is always 0, and left out."""
    if found.is_group:
        kind = "commutative group" if found.is_commutative else "non-commutative group"
    else:
        shape = "partial, " if found.is_partial else "Latin square, " if found.is_latin else ""
        kind = f"{shape}{'commutative' if found.is_commutative else 'not commutative'}"
    return kind if found.identity is None or found.basis == "representations" else f"{kind}, identity {found.identity}"


def chance(found: Structure) -> str:
    """Write the chance level in percent."""
    return f"{100 * found.chance:.1f} %"
