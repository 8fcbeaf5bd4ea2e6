"""The table of engines."""

from importlib import metadata

import pytest

from grokterm.errors import ConfigError
from grokterm.sweeps.engines.table import Workplace, check_engine


def test_an_engine_that_does_not_exist_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="engine must be local, ray, slurm, not 'slrum': did you mean 'slurm'"):
        check_engine("slrum", Workplace())


def test_what_an_engine_has_no_use_for_is_refused() -> None:
    with pytest.raises(ConfigError, match="engine local takes no address: leave it out, or choose ray"):
        check_engine("local", Workplace(address="auto"))
    with pytest.raises(ConfigError, match="engine ray takes no options: leave it out, or choose slurm"):
        check_engine("ray", Workplace(options={"timeout_min": 5}))


def test_a_package_that_is_missing_or_too_old_is_named_with_the_command_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{check_engine.__module__}.version", lambda _: "2.53.1")
    with pytest.raises(ConfigError, match=r'engine ray needs ray 2.54 or later, not 2.53.1: pip install "grokterm\[ray\]"'):
        check_engine("ray", Workplace())

    def missing(_: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(f"{check_engine.__module__}.version", missing)
    with pytest.raises(
        ConfigError, match=r'engine slurm needs submitit, which is not installed: pip install "grokterm\[slurm\]"'
    ):
        check_engine("slurm", Workplace())
