"""How much of this machine a process may use."""

import os
from pathlib import Path

import pytest

from grokterm.models import processor


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups of which only the tests know, on a machine with eight cores."""
    monkeypatch.setattr(processor, "CGROUPS", tmp_path)
    monkeypatch.setattr(processor, "OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_instruction_sets_are_those_that_numbers_depend_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "CPUINFO", told := tmp_path / "cpuinfo")
    told.write_text("model name\t: EPYC\nflags\t\t: fpu avx512f avx2 aes bmi1 fma\n")
    assert processor.instruction_sets() == ["avx2", "avx512f", "fma"]
    told.write_text("Features\t: fp asimd crc32 sve\n")
    assert processor.instruction_sets() == ["asimd", "sve"]
    told.unlink()
    assert processor.instruction_sets() == []


def test_the_processor_has_a_name_in_one_line() -> None:
    name = processor.processor()
    assert name == name.strip() != ""
    assert len(name.splitlines()) == 1


@pytest.mark.parametrize(
    ("machine", "said", "expected"),
    [
        ("x86_64", "vendor_id\t: AuthenticAMD\n", "amd"),
        ("x86_64", "vendor_id\t: GenuineIntel\n", "intel"),
        ("aarch64", "CPU implementer\t: 0x41\n", "arm"),
        ("riscv64", "", ""),
    ],
)
def test_the_vendor_is_read_from_the_system(
    machine: str, said: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.processor", lambda: "")
    write(tmp_path / "cpuinfo", said)
    assert processor.vendor.__wrapped__() == expected


@pytest.mark.usefixtures("cgroups")
def test_without_limits_every_core_is_available() -> None:
    assert processor.available_cores() == 8


@pytest.mark.usefixtures("cgroups")
def test_affinity_limits_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5})
    assert processor.available_cores() == 1


@pytest.mark.usefixtures("cgroups")
@pytest.mark.parametrize(("wish", "expected"), [("3", 3), ("4,2", 4), ("64", 8), ("0", 8), ("many", 8), ("", 8)])
def test_the_environment_may_wish_for_fewer(wish: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wish)
    assert processor.available_cores() == expected


def test_the_quota_of_a_container_counts_rounded_up(cgroups: Path) -> None:
    write(cgroups / "own", "0::/\n")
    write(cgroups / "cpu.max", "250000 100000\n")
    assert processor.available_cores() == 3


def test_the_quota_of_every_group_around_counts(cgroups: Path) -> None:
    write(cgroups / "own", "0::/slurm/job_7/step_0\n")
    write(cgroups / "slurm" / "cpu.max", "max 100000\n")
    write(cgroups / "slurm" / "job_7" / "cpu.max", "200000 100000\n")
    write(cgroups / "slurm" / "job_7" / "step_0" / "cpu.max", "400000 100000\n")
    assert processor.available_cores() == 2


@pytest.mark.parametrize(("quota", "expected"), [("100000", 1), ("-1", 8), ("", 8)])
def test_a_quota_of_the_first_version_counts_too(quota: str, expected: int, cgroups: Path) -> None:
    write(cgroups / "own", "3:cpu,cpuacct:/docker/0123\n0::/\n")
    write(cgroups / "cpu,cpuacct" / "cpu.cfs_quota_us", quota)  # inside the container its own group is the root
    write(cgroups / "cpu,cpuacct" / "cpu.cfs_period_us", "100000")
    assert processor.available_cores() == expected
