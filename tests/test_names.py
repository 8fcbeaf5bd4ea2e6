"""The public names: what `import grokterm` gives, and what it costs."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import grokterm

HEAVY = ("torch", "numpy", "pydantic", "textual", "typer", "rich")

IMPORTED = f"""
import sys
before = set(sys.modules)
import grokterm
assert set(grokterm.__all__) <= set(dir(grokterm))
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}} & {{*{HEAVY!r}}}))
print(*sorted(name for name in sys.modules if name.startswith("grokterm.")))
"""


def test_importing_it_loads_nothing_else() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, check=True, text=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", grokterm.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(grokterm, name).__doc__


def test_type_checkers_see_what_the_table_has() -> None:
    tree = ast.parse(Path(grokterm.__file__).read_text("utf-8"))
    typed = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None
    }
    found = {name: getattr(grokterm, name) for name in grokterm.__all__}
    assert {name: getattr(import_module(module or ""), name) for name, module in typed.items()} == found


def test_another_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        vars(grokterm)["__getattr__"]("trian")
