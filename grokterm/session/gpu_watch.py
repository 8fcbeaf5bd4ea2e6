"""Asks a CUDA device once a second how busy it is, in a thread."""

from threading import Event, Thread

ASK_SECONDS = 1.0


class GpuWatch:
    """What the device of a training is doing; says nothing where that cannot be known."""

    def __init__(self) -> None:
        self.said = ""
        self._device = ""
        self._stop = Event()

    def follow(self, device: str) -> None:
        """Watch the device of this name from now on: `cuda:0 NVIDIA H100`."""
        if device == self._device:
            return
        self.stop()
        self._device, self._stop = device, Event()
        if device.startswith("cuda"):
            Thread(target=self._watch, args=(device.split()[0], self._stop), name="gpu", daemon=True).start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self.said = ""

    def _watch(self, device: str, stop: Event) -> None:
        import torch

        from grokterm.engines.gpu import Gpu

        gpu = Gpu.find(torch.device(device))
        while gpu is not None and not stop.is_set():
            said = str(gpu.load())
            if not stop.is_set():
                self.said = said
            stop.wait(ASK_SECONDS)
