"""The terminal laboratory for grokking."""

__version__ = "0.1.0"
