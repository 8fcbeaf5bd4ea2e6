"""Types and shapes are checked while tests run: of functions and methods, not of functions that are made within them.

The hook of jaxtyping compiles the latter each time they are made, and binds the arguments of every call: more than half of the
time of all tests.
"""

import ast
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source
from inspect import get_annotations, isclass
from types import CodeType, ModuleType
from typing import Never, TypeVar, get_args

from beartype import beartype
from jaxtyping import AbstractArray, jaxtyped

_CHECKED = "__checked__"  # by this name a module knows the decorator

Thing = TypeVar("Thing", bound=Callable[..., object])


def check(*packages: str) -> None:
    """Check the modules of these packages that are loaded from now on."""
    _Finder.packages = packages
    sys.meta_path.insert(0, _Finder)


class _Finder(PathFinder):
    packages: tuple[str, ...] = ()

    @classmethod
    def find_spec(cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not fullname.startswith(cls.packages):
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(fullname, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def path_stats(self, path: str) -> Never:
        """Say that there is no compiled file: the one that there is has no decorators."""
        raise OSError(path)

    def source_to_code(self, data: bytes, path: str, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        tree = ast.fix_missing_locations(_Decorator().visit(ast.parse(decode_source(data), path)))
        code: CodeType = compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)
        return code

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[_CHECKED] = _checked
        super().exec_module(module)


class _Decorator(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Decorate it before all else, and nothing within it."""
        node.decorator_list.append(_reference(node))
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        """Decorate it after it has become a dataclass."""
        node.decorator_list.insert(0, _reference(node))
        self.generic_visit(node)
        return node


def _reference(node: ast.stmt) -> ast.Name:
    return ast.copy_location(ast.Name(_CHECKED, ast.Load()), node)


def _checked(thing: Thing) -> Thing:
    if isclass(thing):
        if "__init__" in vars(thing) and hasattr(thing, "__dataclass_fields__"):
            thing.__init__ = _checked(thing.__init__)  # type: ignore[method-assign]
        return thing
    # Strings name what is not there yet, or only for mypy.
    thing.__annotations__ = {name: one for name, one in get_annotations(thing).items() if not isinstance(one, str)}
    typed = beartype(thing)
    if not any(map(_has_shape, thing.__annotations__.values())):
        return typed

    @wraps(thing)
    def checked(*arguments: object, **options: object) -> object:
        with jaxtyped("context"):  # in which a dimension has one size
            return typed(*arguments, **options)

    return checked  # type: ignore[return-value]


def _has_shape(annotation: object) -> bool:
    return (isclass(annotation) and issubclass(annotation, AbstractArray)) or any(map(_has_shape, get_args(annotation)))
