"""What numpy's library is told is what the processor can do and the user has not said otherwise."""

import os
from pathlib import Path

import pytest

from grokterm.models import blas

AMD = "processor\t: 0\nvendor_id\t: AuthenticAMD\nflags\t\t: fpu avx512f avx512dq avx512bw avx512vl\n\nprocessor\t: 1\n"


@pytest.mark.parametrize(
    ("processor", "is_wide"),
    [
        (AMD, True),
        (AMD.replace("avx512bw ", ""), False),
        (AMD.replace("AuthenticAMD", "GenuineIntel"), False),
        ("processor\t: 0\nBogoMIPS\t: 50\n\n", False),
        (None, False),
    ],
)
def test_kernels_are_chosen_where_the_processor_has_what_they_need(
    processor: str | None, *, is_wide: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "cpuinfo"
    if processor is not None:
        said.write_text(processor)
    monkeypatch.setattr(blas, "PROCESSOR", said)
    assert blas.choices() == {blas.THREADS: "1"} | ({blas.KERNELS: "SkylakeX"} if is_wide else {})


def test_what_the_user_has_chosen_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = {blas.THREADS: "3", blas.KERNELS: "Zen"}
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    blas.settle()
    assert {name: os.environ[name] for name in chosen} == chosen


def test_a_notebook_has_the_library_as_it_comes() -> None:
    assert blas.unsettled(blas.choices() | {"HOME": "/"}) == {"HOME": "/"}
