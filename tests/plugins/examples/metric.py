"""How many singular values of the first matrix are above a tenth of the largest."""

import numpy as np

import grokterm


@grokterm.metric("singular_values", "singular values", "those of the first matrix above a tenth of the largest", written=".0f")
def singular_values(analysis: grokterm.NetworkAnalysis) -> float | None:
    blocks = list(analysis.residue_blocks.values())
    if not blocks:
        return None
    values = np.linalg.svd(blocks[0], compute_uv=False)
    return float((values > values[0] / 10).sum())
