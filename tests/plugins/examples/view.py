"""The cosine between every two rows of the first matrix, and its singular values, as two tabs of the lab."""

import numpy as np

import grokterm


@grokterm.view("cosines", "cosine between the rows of the first matrix")
def cosines(analysis: grokterm.NetworkAnalysis) -> np.ndarray:
    rows = next(iter(analysis.residue_blocks.values()))
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T


@grokterm.view("singular", "singular values of every matrix over residues")
def singular(analysis: grokterm.NetworkAnalysis) -> dict[str, np.ndarray]:
    return {name: np.linalg.svd(block, compute_uv=False) for name, block in analysis.residue_blocks.items()}
