"""Find plugins over the entry-point group `arfeed`, and import those that are enabled, and only those."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint, entry_points
from inspect import isfunction
from time import perf_counter
from types import ModuleType
from typing import Literal, NamedTuple

import pluggy

from arfeed.errors import ConfigError
from arfeed.hookspecs import Hooks
from arfeed.interfaces import CONTRACT, Connector, Destination, Notifier, Transform
from arfeed.isolation import own

GROUP = "arfeed"

Part = type[Connector] | type[Transform] | type[Destination] | type[Notifier]
PartKind = Literal["connector", "transform", "destination", "notifier"]
_BASES: Mapping[PartKind, Part] = {
    "connector": Connector,
    "transform": Transform,
    "destination": Destination,
    "notifier": Notifier,
}


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin: where it comes from, what it offers, and why it is unusable, if it is."""

    name: str
    distribution: str
    version: str
    enabled: bool
    contract: int | None = None
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    broken: str | None = None

    def __str__(self) -> str:
        """Name it as messages do."""
        return f"{self.name} ({self.distribution} {self.version})"


@dataclass(frozen=True, slots=True)
class Registry:
    """The parts that the enabled plugins offer, by kind and name, and the hooks to call."""

    manager: pluggy.PluginManager
    parts: dict[PartKind, dict[str, Part]] = field(default_factory=lambda: {kind: {} for kind in _BASES})
    infos: dict[str, PluginInfo] = field(default_factory=dict)

    def find(self, kind: PartKind, name: str) -> Part:
        """Return the class of that name, or raise `ConfigError` with what there is."""
        known = self.parts[kind]
        if name not in known:
            raise ConfigError(f"there is no {kind} {name!r} in the enabled plugins{close_match(name, known)}")
        return known[name]


class Answer(NamedTuple):
    """What one plugin answered to a hook, or what it raised, and after how many seconds."""

    plugin: str
    value: object
    seconds: float


class _UnusableError(Exception):
    """What is wrong with a plugin, in words."""


def close_match(wrong: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for an unknown name, and what there is where nothing comes close."""
    names = sorted(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(names)}" if names else "; there are none"


def installed() -> dict[str, list[EntryPoint]]:
    """Return the entry points by name. Two distributions that claim one name both stand under it."""
    found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for point in entry_points(group=GROUP):
        if point not in found[point.name]:
            found[point.name].append(point)
    return dict(found)


def load(enabled: Sequence[str]) -> Registry:
    """Import the enabled plugins. Raise `ConfigError` with every one that is unknown, broken or clashes."""
    registry, known = _enable_all(enabled), installed()
    mistakes = [
        f"there is no plugin {name!r} installed{close_match(name, known)}" for name in enabled if name not in known
    ]
    mistakes += [f"plugin {info}: {info.broken}" for info in registry.infos.values() if info.broken]
    if mistakes:
        raise ConfigError(*mistakes)
    return registry


def survey(enabled: Sequence[str]) -> tuple[PluginInfo, ...]:
    """Describe every installed plugin; the enabled ones are imported to see whether they work."""
    infos = _enable_all(enabled).infos
    return tuple(infos.get(name) or _describe(points[0], enabled=False) for name, points in sorted(installed().items()))


def call_each(manager: pluggy.PluginManager, hook: str, **arguments: object) -> Iterator[Answer]:
    """Call a hook one plugin at a time, each with arguments of its own: what one does to them no other sees."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        others = [plugin for _, plugin in manager.list_name_plugin() if plugin is not implementation.plugin]
        caller = manager.subset_hook_caller(hook, remove_plugins=others)
        began = perf_counter()
        try:
            answers = caller(**{name: own(value) for name, value in arguments.items()})
            # A reviewer may be a generator, whose work is done, and whose errors are raised, only here.
            value = [*answers[0]] if answers and isinstance(answers[0], Iterator) else next(iter(answers), None)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - a plugin that fails must not silence the others
            value = exc
        yield Answer(implementation.plugin_name, value, perf_counter() - began)


def _enable_all(enabled: Sequence[str]) -> Registry:
    registry = Registry(pluggy.PluginManager("arfeed"))
    registry.manager.add_hookspecs(Hooks)
    for name, points in sorted(installed().items()):
        if name in enabled:
            registry.infos[name] = _enable(registry, points)
    return registry


def _enable(registry: Registry, points: list[EntryPoint]) -> PluginInfo:
    """Import a plugin and take what it offers, all or nothing. Whatever it raises is its reason to be broken."""
    info = _describe(points[0], enabled=True)
    try:
        module = _module(points)
        info = replace(info, contract=_contract(module))
        _register(registry.manager, str(info), module)
        parts = [(kind, part) for kind in _BASES for part in _parts(registry, kind, module)]
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # noqa: BLE001 - a stranger's code may raise anything; the others go on
        if registry.manager.has_plugin(str(info)):
            registry.manager.unregister(name=str(info))
        return replace(info, broken=str(exc) if isinstance(exc, _UnusableError) else f"{type(exc).__name__}: {exc}")
    for kind, part in parts:
        registry.parts[kind][part.name] = part
    hooks = sorted(caller.name for caller in registry.manager.get_hookcallers(module) or ())
    return replace(info, hooks=tuple(hooks), provides=tuple(f"{kind} {part.name}" for kind, part in parts))


def _module(points: list[EntryPoint]) -> ModuleType:
    if len(points) > 1:
        rivals = " and ".join(f"{info.distribution} {info.version}" for info in map(_describe, points))
        raise _UnusableError(f"two distributions offer it: {rivals}; uninstall one")
    try:
        module: ModuleType = points[0].load()
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        raise _UnusableError(f"cannot be imported: {type(exc).__name__}: {exc}") from exc
    return module


def _contract(module: ModuleType) -> int:
    contract = getattr(module, "ARFEED_CONTRACT", None)
    if contract != CONTRACT:
        said = "states no ARFEED_CONTRACT" if contract is None else f"is written for plugin contract {contract!r}"
        raise _UnusableError(f"{said}; this arfeed speaks contract {CONTRACT}")
    return CONTRACT


def _register(manager: pluggy.PluginManager, name: str, module: ModuleType) -> None:
    for hook, function in vars(module).items():
        # Without its mark a hook would never be called, a review rule least of all.
        if hook.startswith("arfeed_") and isfunction(function) and not hasattr(function, "arfeed_impl"):
            raise _UnusableError(f"its function {hook} is not marked as a hook; put @arfeed.hookimpl above it")
    try:
        manager.register(module, name)
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        raise _UnusableError(f"has a hook that does not fit the contract: {' '.join(str(exc).split())}") from exc


def _parts(registry: Registry, kind: PartKind, module: ModuleType) -> Iterator[Part]:
    """Yield what a plugin's hook of that kind returns; refuse what is no such class, or has a name that is taken."""
    hook, base = getattr(module, f"arfeed_{kind}s", tuple), _BASES[kind]
    mine: dict[str, Part] = {}
    for part in hook():
        if not (isinstance(part, type) and issubclass(part, base) and isinstance(getattr(part, "name", None), str)):
            raise _UnusableError(
                f"arfeed_{kind}s() returned {part!r}, which is no named subclass of arfeed.{base.__name__}"
            )
        if part.name in mine:
            twins = f"{mine[part.name].__qualname__} and {part.__qualname__}"
            raise _UnusableError(f"its classes {twins} are both {kind} {part.name!r}")
        if rival := registry.parts[kind].get(part.name):
            owner = next(info for info in registry.infos.values() if f"{kind} {part.name}" in info.provides)
            theirs = f"{rival.__module__}.{rival.__qualname__} of plugin {owner}"
            raise _UnusableError(f"its {kind} {part.name!r} is also offered by {theirs}; enable one of the two")
        if not (isinstance(part.Settings, type) and issubclass(part.Settings, base.Settings)):
            raise _UnusableError(f"{part.__qualname__}.Settings is no subclass of arfeed.{base.Settings.__name__}")
        mine[part.name] = part
        yield part


def _describe(point: EntryPoint, *, enabled: bool = True) -> PluginInfo:
    distribution, version = (point.dist.name, point.dist.version) if point.dist else (point.value, "")
    return PluginInfo(point.name, distribution, version, enabled)
