"""What is loaded while the first screen is looked at: all that knows an experiment, and then torch."""

import asyncio
import gc
from importlib import import_module

from grokterm.tui.screens.setup import FORM

MODULES = (
    FORM,
    "grokterm.tui.screens.lab",
    "grokterm.tui.screens.runs",
    "grokterm.tui.control.opening",
    "grokterm.tui.appearance.preferences",
)


async def load_modules() -> None:
    """Load the screens that come next, and what they need."""
    for module in MODULES:
        await asyncio.to_thread(import_module, module)


async def load_torch() -> None:
    """Load what trains."""
    await asyncio.to_thread(_load_torch)


def _load_torch() -> None:
    from grokterm.session.torch_import import import_torch

    import_torch()
    import_module("grokterm.session.start")
    gc.enable()  # off until the first paint
