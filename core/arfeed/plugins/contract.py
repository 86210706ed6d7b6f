"""Validate a plugin against the contract before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import getattr_static, getmembers, isasyncgenfunction, iscoroutinefunction, isfunction, signature
from types import ModuleType

from pydantic import BaseModel

from arfeed.model.hooks import Hooks
from arfeed.model.parts import CONTRACTS, PARTS, Part, PartKind, base_of
from arfeed.model.settings import FileSettings
from arfeed.model.text.legible import make_legible

# What can be typed in a shell, and read in a message, without quotes.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_RECEIVERS = frozenset({"kinds"})
"""Settings that a destination may redeclare: which kinds of document its receiver takes."""


class UnusableError(Exception):
    """Raised for a plugin that breaks the contract; the message is for its author."""


def to_one_line(text: object) -> str:
    """Return a third party's text on one line, with control characters escaped."""
    return make_legible(" ".join(str(text).split()))


def check_name(name: object, whose: str) -> None:
    """Raise `UnusableError` unless the name can be written in plugins.toml and messages."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UnusableError(f"{whose} is called {name!r}; write letters, digits, dots, hyphens and underscores")


def check_module(module: object) -> None:
    """Raise `UnusableError` unless it is a module of this contract, with hooks that would be called."""
    if not isinstance(module, ModuleType):
        raise UnusableError(f"its entry point leads to {module!r}; name the module alone, without a colon")
    contract = getattr(module, "ARFEED_CONTRACT", None)
    # The exact type, since True equals 1.
    if type(contract) is not int or contract not in CONTRACTS:
        said = "states no ARFEED_CONTRACT" if contract is None else f"is written for plugin contract {contract!r}"
        raise UnusableError(f"{said}; this arfeed has contracts {' and '.join(map(str, CONTRACTS))}")
    for hook, function in vars(module).items():
        _check_mark(hook, getattr(function, "arfeed_impl", None))
        if hook.startswith("arfeed_") and callable(function):
            # Without its mark a hook would never be called, a review rule least of all.
            if not (isfunction(function) and hasattr(function, "arfeed_impl")):
                raise UnusableError(f"its function {hook} is not marked as a hook; put @arfeed.hookimpl above it")
            _check_plain(function, hook)


def _check_mark(name: str, mark: object) -> None:
    """Raise `UnusableError` for a mark of an unknown hook, or of a wrapper, which would answer for other plugins."""
    if not isinstance(mark, Mapping):
        return
    hook = mark.get("specname") or name
    if hook not in vars(Hooks):
        known = ", ".join(each for each in vars(Hooks) if each.startswith("arfeed_"))
        raise UnusableError(f"has a hook that does not fit the contract: unknown hook {hook!r}; there are {known}")
    if option := next(filter(mark.get, ("wrapper", "hookwrapper")), None):
        raise UnusableError(f"its hook {name} is a wrapper, which arfeed never calls; leave out {option}=True")


def collect_parts(module: ModuleType) -> Iterator[tuple[PartKind, Part]]:
    """Yield the classes that a module's hooks return. Raise `UnusableError` for one that could not be used."""
    for kind in PARTS:
        names: dict[str, Part] = {}
        for part in _check_returned(module, f"arfeed_{kind}s"):
            _check_part(kind, part)
            # An arfeed that knows contract 1 only would take it for a destination of one report.
            if (needs := getattr(part, "needs_contract", 1)) > module.ARFEED_CONTRACT:
                raise UnusableError(f"its class {part.__qualname__} needs ARFEED_CONTRACT = {needs}; write that")
            # Whichever came second would silently replace the first one.
            if part.name in names:
                twins = f"{names[part.name].__qualname__} and {part.__qualname__} are both"
                raise UnusableError(f"its classes {twins} {kind} {part.name!r}")
            names[part.name] = part
            yield kind, part


def _check_returned(module: ModuleType, hook: str) -> Iterable[Part]:
    returned: object = getattr(module, hook, tuple)()
    if not isinstance(returned, Iterable) or isinstance(returned, str):
        raise UnusableError(f"{hook}() returned {returned!r}; return a list of classes")
    return returned


def _check_part(kind: PartKind, part: Part) -> None:
    base = PARTS[kind]
    if not (isinstance(part, type) and issubclass(part, base) and isinstance(getattr(part, "name", None), str)):
        raise UnusableError(f"arfeed_{kind}s() returned {part!r}: not a named subclass of arfeed.{base.__name__}")
    check_name(part.name, part.__qualname__)
    # Some bases add settings, which their subclasses must keep.
    _check_settings(part, base_of(part).Settings)  # type: ignore[attr-defined]
    # Every public method, the inherited ones too: a wrong signature would only show when a feed runs.
    for name, method in getmembers(base_of(part), isfunction):
        if name == "__init__" or not name.startswith("_"):
            _check_method(part, name, method)


def _check_settings(part: Part, base: type[BaseModel]) -> None:
    """Raise `UnusableError` if a plugin lacks or redeclares a core setting: it could switch a safeguard off."""
    if not (isinstance(part.Settings, type) and issubclass(part.Settings, base)):
        raise UnusableError(f"{part.__qualname__}.Settings is not a subclass of arfeed.{base.__name__}")
    ours = FileSettings if issubclass(part.Settings, FileSettings) else base
    added = [each for each in part.Settings.__mro__ if each not in ours.__mro__]
    for name in base.model_fields:
        field, kept = ours.model_fields[name], part.Settings.model_fields.get(name)
        # Also a plain attribute of that name, which shadows the setting without being one.
        if name not in _RECEIVERS and (repr(kept) != repr(field) or any(name in vars(each) for each in added)):
            what = f"redeclares {name!r}, a setting of arfeed that plugins.toml sets; leave it out"
            raise UnusableError(f"{part.__qualname__}.Settings {what}")


def _check_method(part: Part, name: str, of_base: Callable[..., object]) -> None:
    """Raise `UnusableError` unless a method exists, is not async, and accepts the arguments it will get."""
    own, called, arguments = getattr_static(part, name), getattr(part, name), list(signature(of_base).parameters)
    right = f"def {name}({', '.join(arguments)})"
    if not callable(called) or getattr(own, "__isabstractmethod__", False):
        raise UnusableError(f"{part.__qualname__} has no {name}(); write {right}")
    _check_plain(called, f"{part.__qualname__}.{name}")
    if isfunction(own):  # a staticmethod or a decorator's object takes what it takes
        try:
            signature(own).bind(*arguments)
        except TypeError as exc:
            raise UnusableError(f"{part.__qualname__}.{name}{signature(own)} does not fit; write {right}") from exc


def _check_plain(function: Callable[..., object], name: str) -> None:
    if iscoroutinefunction(function) or isasyncgenfunction(function):
        raise UnusableError(f"{name} is async, and arfeed would never await it; write a plain def")
