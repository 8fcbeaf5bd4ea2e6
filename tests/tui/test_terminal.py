import asyncio

import pytest

from grokterm.tui.terminal import on_signals


async def test_an_event_loop_that_handles_no_signals_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NotImplementedError

    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", refuse)
    on_signals(terminate=lambda _: None, hang_up=lambda: None, save=lambda: None)
