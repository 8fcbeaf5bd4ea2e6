"""Functions on a group, split into the parts that its irreducible representations span."""

import numpy as np
from jaxtyping import Float

from grokterm.tasks.groups import Group

# The odds of a key representation's power are more than this multiple of those in noise: even the standard representation
# of A4, which holds three quarters of noise, can be one.
KEY_ODDS = 3.0


def representation_power(
    block: Float[np.ndarray, "elements neurons"], group: Group
) -> Float[np.ndarray, "representations neurons"]:
    """Return the squared norm of each column, as a function on the group, in each irreducible representation.

    With d the degree of a representation and χ its character, the projection of f is (d / |G|) Σ_h χ(h) f(h⁻¹ g), so the
    power is that of the correlation Σ_g f(h g) f(g) with d χ / |G|.
    """
    correlation = np.stack([(block[translated] * block).sum(axis=0) for translated in group.product])
    kernels = np.stack([one.degree * one.character for one in group.representations]) / len(block)
    return np.maximum(kernels @ correlation, 0.0)


def representation_shares(block: Float[np.ndarray, "elements neurons"], group: Group) -> Float[np.ndarray, " representations"]:
    """Return the share of a matrix's power in each irreducible representation; all 0 without power.

    That of noise is `share_of_noise`; a network that has grokked keeps a few representations (Chughtai et al., 2023).
    """
    power = representation_power(block, group).sum(axis=1)
    return power / power.sum() if power.any() else power


def key_representations(shares: Float[np.ndarray, " representations"], group: Group) -> list[int]:
    """List the representations that hold far more of the power than in noise."""
    noise = np.array([one.share_of_noise for one in group.representations])
    found: list[int] = np.flatnonzero(shares * (1 - noise) > KEY_ODDS * noise * (1 - shares)).tolist()
    return found
