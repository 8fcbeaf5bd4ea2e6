"""A thread asks a device how busy it is."""

from threading import Event

import pytest

from grokterm.engines.gpu import Gpu, Load
from grokterm.session import gpu_watch
from grokterm.session.gpu_watch import GpuWatch

SECONDS = 60.0


class Busy:
    """Says how often it was asked."""

    def __init__(self) -> None:
        self.n_asked, self.was_asked = 0, Event()

    def load(self) -> Load:
        self.n_asked += 1
        if self.n_asked == 3:
            self.was_asked.set()
        return Load(self.n_asked, None, None, None, None)


def test_a_device_is_asked_again_and_again_until_it_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, watch = Busy(), GpuWatch()
    monkeypatch.setattr(Gpu, "find", lambda _: busy)
    monkeypatch.setattr(gpu_watch, "ASK_SECONDS", 0.001)
    watch.follow("cpu")
    assert (watch.said, busy.n_asked) == ("", 0)
    watch.follow("cuda:0 NVIDIA H100")
    assert busy.was_asked.wait(SECONDS)
    assert watch.said.startswith("GPU")
    watch.stop()
    assert watch.said == ""
