"""Find plugins over the entry-point group `arfeed`, and import those that are enabled, and only those."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from inspect import isfunction
from types import ModuleType
from typing import Literal

import pluggy

from arfeed.errors import ConfigError
from arfeed.hookspecs import Hooks
from arfeed.interfaces import CONTRACT, Connector, Destination, Transform

GROUP = "arfeed"

Part = type[Connector] | type[Transform] | type[Destination]
PartKind = Literal["connector", "transform", "destination"]
_BASES: Mapping[PartKind, Part] = {"connector": Connector, "transform": Transform, "destination": Destination}


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


@dataclass(frozen=True, slots=True)
class Registry:
    """The parts that the enabled plugins offer, by kind and name, and the hooks to call."""

    manager: pluggy.PluginManager
    parts: dict[PartKind, dict[str, Part]] = field(
        default_factory=lambda: {"connector": {}, "transform": {}, "destination": {}}
    )
    owners: dict[str, str] = field(default_factory=dict)
    infos: dict[str, PluginInfo] = field(default_factory=dict)

    def find(self, kind: PartKind, name: str) -> Part:
        """Return the class of that name, or raise `ConfigError` with what there is."""
        known = self.parts[kind]
        if name not in known:
            raise ConfigError(f"there is no {kind} {name!r} in the enabled plugins{close_match(name, known)}")
        return known[name]


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
    registry, infos = _survey(enabled)
    known = {info.name for info in infos}
    mistakes = [
        f"there is no plugin {name!r} installed{close_match(name, known)}" for name in enabled if name not in known
    ]
    mistakes += [f"plugin {_label(info)}: {info.broken}" for info in infos if info.enabled and info.broken]
    if mistakes:
        raise ConfigError(*mistakes)
    return registry


def survey(enabled: Sequence[str]) -> tuple[PluginInfo, ...]:
    """Describe every installed plugin; the enabled ones are imported to see whether they work."""
    return _survey(enabled)[1]


def call_each(manager: pluggy.PluginManager, hook: str, **arguments: object) -> Iterator[tuple[str, object]]:
    """Call a hook one plugin at a time, and yield each plugin's name with its answer, or with what it raised."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        others = [plugin for _, plugin in manager.list_name_plugin() if plugin is not implementation.plugin]
        caller = manager.subset_hook_caller(hook, remove_plugins=others)
        try:
            answers = caller(**arguments)
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a plugin that fails must not silence the others
            yield implementation.plugin_name, exc
        else:
            yield implementation.plugin_name, answers[0] if answers else None


def _survey(enabled: Sequence[str]) -> tuple[Registry, tuple[PluginInfo, ...]]:
    manager = pluggy.PluginManager("arfeed")
    manager.add_hookspecs(Hooks)
    registry = Registry(manager)
    for name, points in sorted(installed().items()):
        if name in enabled:
            registry.infos[name] = _enable(registry, name, points)
    others = [_info(points[0], enabled=False) for name, points in installed().items() if name not in enabled]
    return registry, tuple(sorted([*registry.infos.values(), *others], key=lambda info: info.name))


def _enable(registry: Registry, name: str, points: list[EntryPoint]) -> PluginInfo:
    if len(points) > 1:
        rivals = " and ".join(_origin(point) for point in points)
        return _info(points[0], enabled=True, broken=f"two distributions offer it: {rivals}; uninstall one")
    try:
        module = points[0].load()
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a stranger's import raises, the others go on
        return _info(points[0], enabled=True, broken=f"cannot be imported: {type(exc).__name__}: {exc}")
    contract = getattr(module, "ARFEED_CONTRACT", None)
    if contract != CONTRACT:
        said = "states no ARFEED_CONTRACT" if contract is None else f"is written for plugin contract {contract!r}"
        return _info(points[0], enabled=True, broken=f"{said}; this arfeed speaks contract {CONTRACT}")
    try:
        provides = _register(registry, name, points[0], module)
    except Exception as exc:  # noqa: BLE001 - likewise for its hooks
        registry.manager.unregister(name=name) if registry.manager.has_plugin(name) else None
        return _info(points[0], enabled=True, contract=contract, broken=_reason(exc))
    hooks = tuple(sorted(caller.name for caller in registry.manager.get_hookcallers(module) or ()))
    return _info(points[0], enabled=True, contract=contract, hooks=hooks, provides=provides)


def _register(registry: Registry, name: str, point: EntryPoint, module: ModuleType) -> tuple[str, ...]:
    _refuse_unmarked(module)
    registry.manager.register(module, name)
    registry.manager.check_pending()
    provides: list[tuple[PartKind, Part]] = []
    for kind, base in _BASES.items():
        hook = getattr(module, f"arfeed_{kind}s", None)
        for part in hook() if hook else ():
            if not (isinstance(part, type) and issubclass(part, base) and isinstance(getattr(part, "name", None), str)):
                raise TypeError(
                    f"arfeed_{kind}s() returned {part!r}, which is no named subclass of arfeed.{base.__name__}"
                )
            rival = registry.owners.get(f"{kind} {part.name}")
            if rival:
                raise TypeError(f"its {kind} {part.name!r} is also offered by {rival}; enable one of the two")
            twin = next((other for what, other in provides if what == kind and other.name == part.name), None)
            if twin:
                raise TypeError(
                    f"its classes {twin.__qualname__} and {part.__qualname__} are both {kind} {part.name!r}"
                )
            provides.append((kind, part))
    for kind, part in provides:
        registry.parts[kind][part.name] = part
        registry.owners[f"{kind} {part.name}"] = f"{part.__module__}.{part.__qualname__} of {_origin(point)}"
    return tuple(f"{kind} {part.name}" for kind, part in provides)


def _refuse_unmarked(module: ModuleType) -> None:
    """Raise `TypeError` for a hook without its mark: it would never be called, a review rule least of all."""
    for name, function in vars(module).items():
        if name.startswith("arfeed_") and isfunction(function) and not hasattr(function, "arfeed_impl"):
            raise TypeError(f"its function {name} is not marked as a hook; put @arfeed.hookimpl above it")


def _reason(exc: Exception) -> str:
    if isinstance(exc, pluggy.PluginValidationError):
        return f"has a hook that does not fit the contract: {' '.join(str(exc).split())}"
    return str(exc) if isinstance(exc, TypeError) else f"{type(exc).__name__}: {exc}"


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def _label(info: PluginInfo) -> str:
    return f"{info.name!r} ({info.distribution} {info.version})"


def _info(
    point: EntryPoint,
    *,
    enabled: bool,
    contract: int | None = None,
    hooks: tuple[str, ...] = (),
    provides: tuple[str, ...] = (),
    broken: str | None = None,
) -> PluginInfo:
    distribution, version = (point.dist.name, point.dist.version) if point.dist else (point.value, "")
    return PluginInfo(point.name, distribution, version, enabled, contract, hooks, provides, broken)
