import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from grokterm.engines import gpu, versions


@pytest.fixture
def fresh() -> Iterator[None]:
    """The commit is asked for anew, and forgotten afterwards."""
    versions.commit.cache_clear()
    yield
    versions.commit.cache_clear()


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    return subprocess.run(("git", *author, *words), cwd=folder, capture_output=True, check=True, text=True).stdout.strip()


@pytest.mark.usefixtures("fresh")
def test_a_checkout_is_known_by_its_commit_and_by_what_is_changed_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "CHECKOUT", tmp_path)
    assert versions.commit() == ""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "v1")
    versions.commit.cache_clear()
    assert versions.commit() == git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "code.py").write_text("two")
    versions.commit.cache_clear()
    assert versions.commit() == git(tmp_path, "rev-parse", "HEAD") + "-dirty"


@pytest.mark.usefixtures("fresh")
def test_a_checkout_without_git_or_with_a_damaged_folder_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "CHECKOUT", tmp_path)
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert versions.commit() == ""
    monkeypatch.setenv("PATH", "")
    versions.commit.cache_clear()
    assert versions.commit() == ""


BUILT_WITH = """PyTorch built with:
  - Intel(R) oneAPI Math Kernel Library Version 2024.2-Product Build 20240605 for Intel(R) 64 architecture applications
  - Intel(R) MKL-DNN v3.12.0 (Git Hash 80afa71049cd69a3df32adcccb623b12cd7baa22)
  - Build settings: BLAS_INFO=mkl, BUILD_TYPE=Release
"""


def test_the_libraries_within_torch_are_named_with_their_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.__config__, "show", lambda: BUILT_WITH)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    monkeypatch.setattr(versions, "driver_version", lambda: None)
    found = versions.library_versions(torch.device("cuda:0"))
    found.pop("libc", None)
    assert found == {
        "mkl": "2024.2-Product", "onednn": "3.12.0", "blas": "mkl", "cuda": "12.8", "cudnn": "91002", "driver": "unknown",
    }  # fmt: skip
    assert versions.library_versions(torch.device("cpu")).keys().isdisjoint({"cudnn", "driver"})


@pytest.mark.parametrize("kind", ["NVIDIA UNIX x86_64 Kernel Module", "NVIDIA UNIX Open Kernel Module for x86_64"])
def test_the_driver_is_known_to_the_system_too(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "version"
    told.write_text(f"NVRM version: {kind}  570.124.06  Release Build  (root@builder)  Wed Feb 26 02:24:37 UTC 2025\n")
    monkeypatch.setattr(gpu, "load_nvml", lambda: None)
    monkeypatch.setattr(gpu, "DRIVER", told)
    assert gpu.driver_version() == "570.124.06"
    monkeypatch.setattr(gpu, "DRIVER", tmp_path / "nowhere")
    assert gpu.driver_version() is None
