"""Find plugins through the entry-point group `arfeed`, and import those that are enabled, and only those."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from time import perf_counter
from types import ModuleType
from typing import Any, NamedTuple

import pluggy

from arfeed.model.errors import ConfigError
from arfeed.model.hooks import Hooks
from arfeed.model.parts import PARTS, Part, PartKind
from arfeed.plugins.contract import UnusableError, check_module, check_name, collect_parts, to_one_line
from arfeed.plugins.distributions import OURS, find_unreadable
from arfeed.plugins.installed import entry_points, identify_all
from arfeed.plugins.isolation import isolated_copy, restore_process_state, warn_if_slow


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin: its distribution, what it provides, and why it is unusable, if it is.

    Without a name it is a whole distribution with entry points that can't be read.
    """

    name: str
    distribution: str
    version: str
    enabled: bool
    contract: int | None = None
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    broken: str | None = None

    def __str__(self) -> str:
        """Return how messages name it."""
        origin = f"{self.distribution} {self.version}"
        return f"{self.name} ({origin})" if self.name else origin


@dataclass(frozen=True, slots=True)
class Registry:
    """What the enabled plugins offer, by kind and name, and the hooks to call; `installed` are all that exist."""

    enabled: Sequence[str]
    manager: pluggy.PluginManager = field(default_factory=lambda: pluggy.PluginManager("arfeed"))
    parts: dict[PartKind, dict[str, Part]] = field(default_factory=lambda: {kind: {} for kind in PARTS})
    infos: dict[str, PluginInfo] = field(default_factory=dict)
    installed: list[PluginInfo] = field(default_factory=list)

    @property
    def mistakes(self) -> list[str]:
        """A message for each enabled plugin that is unknown, broken or clashes with another."""
        known = {info.name for info in self.installed if info.name}
        lost = "".join(f"; what {info.distribution} offers can't be read" for info in self.installed if not info.name)
        unknown = [name for name in self.enabled if name not in known]
        broken = [info for info in self.installed if info.enabled and info.broken]
        return [
            *(f"there is no plugin {name!r} installed{close_match(name, known)}{lost}" for name in unknown),
            *(f"plugin {info}: {info.broken}" for info in broken),
        ]

    def find(self, kind: PartKind, name: str) -> Part:
        """Return the class of that name, or raise `ConfigError` with what there is."""
        known = self.parts[kind]
        if name not in known:
            idle = any(info.name == name and not info.enabled for info in self.installed)
            hint = f'; add "{name}" to `plugins`, which enables it' if idle else close_match(name, known)
            raise ConfigError(f"there is no {kind} {name!r} in the enabled plugins{hint}")
        return known[name]


class Answer(NamedTuple):
    """What one plugin answered to a hook, or what it raised, and after how many seconds."""

    plugin: str
    value: object
    seconds: float


def close_match(wrong: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" for an unknown name, or list what exists if nothing is close."""
    names = sorted(known)
    # 0.6 is difflib's own threshold for what is close.
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there are {', '.join(names)}" if names else "; there are none"


def load(enabled: Sequence[str]) -> Registry:
    """Import the enabled plugins. Raise `ConfigError` with every one that is unknown, broken or clashes."""
    registry = describe_installed(enabled)
    if registry.mistakes:
        raise ConfigError(*registry.mistakes)
    return registry


def describe_installed(enabled: Sequence[str] = ()) -> Registry:
    """Describe every installed plugin; register those that are enabled and usable, each completely or not at all."""
    registry = Registry(enabled)
    registry.manager.add_hookspecs(Hooks)
    points = {
        PluginInfo(to_one_line(point.name), to_one_line(name), to_one_line(version), point.name in enabled): point
        for point, name, version in identify_all(entry_points(group="arfeed"))
    }
    # Clashes of names before anything is imported, and clashes of parts only afterwards, since they are not known
    # before.
    broken = _find_clashes((f"name {info.name!r}", info, f"plugin {info}") for info in points)
    offers: dict[PluginInfo, list[tuple[PartKind, Part]]] = {}
    for info, point in points.items():
        if info.enabled and info not in broken:
            try:
                offers[info] = _take(registry.manager, info, point)
            except UnusableError as exc:
                broken[info] = to_one_line(exc)
                _drop(registry.manager, info)
    broken |= _find_clashes(
        (f"{kind} {part.name!r}", info, f"{part.__module__}.{part.__qualname__} of plugin {info}")
        for info, parts in offers.items()
        for kind, part in parts
    )
    for info in points:
        # Entered only now: half of a plugin, such as its connector without its reviewer, would be worse than none.
        if info in offers and info not in broken:
            _enter(registry, info, offers[info])
        else:
            _drop(registry.manager, info)
            registry.installed.append(replace(info, broken=broken.get(info)))
    why = "its entry_points.txt can't be read ({}); reinstall it, or uninstall it"
    for name, version, error in find_unreadable():
        registry.installed.append(
            PluginInfo("", to_one_line(name), to_one_line(version), False, broken=why.format(to_one_line(error)))
        )
    # Entry points come in the order of sys.path, which differs between machines.
    registry.installed.sort(key=lambda info: (info.name, info.distribution))
    return registry


def call_each(manager: pluggy.PluginManager, hook: str, **arguments: object) -> Iterator[Answer]:
    """Call a hook of one plugin after the other, each with its own copy of the arguments."""
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        # pluggy calls all implementations at once, and the first that raises would silence the others.
        others = [plugin for _, plugin in manager.list_name_plugin() if plugin is not implementation.plugin]
        caller = manager.subset_hook_caller(hook, remove_plugins=others)
        began = perf_counter()
        try:
            with restore_process_state():
                answers = caller(**{name: isolated_copy(value) for name, value in arguments.items()})
                # A reviewer may be a generator, whose work is done, and whose errors are raised, only here.
                value = [*answers[0]] if answers and isinstance(answers[0], Iterator) else next(iter(answers), None)
        except KeyboardInterrupt:
            raise
        except BaseException as exc:  # noqa: BLE001 - a plugin that fails must not silence the others
            value = exc
        yield Answer(implementation.plugin_name, value, perf_counter() - began)


def _find_clashes(claims: Iterable[tuple[str, PluginInfo, str]]) -> dict[PluginInfo, str]:
    """Map each plugin that shares a name with another one, and is not built in, to a message that names the other."""
    claimants: defaultdict[str, dict[PluginInfo, str]] = defaultdict(dict)
    for what, info, who in claims:
        claimants[what][info] = who
    broken = {}
    for what, those in claimants.items():
        for info in those:
            # Ours is never the one to blame: a stranger may not take a built-in name, and so replace what it does.
            if rivals := [who for rival, who in those.items() if rival != info and info.distribution != OURS]:
                broken[info] = f"its {what} is also that of {' and '.join(rivals)}; keep one of them"
    return broken


def _take(manager: pluggy.PluginManager, info: PluginInfo, point: EntryPoint) -> list[tuple[PartKind, Part]]:
    """Import a plugin, register its hooks, and return what it offers. Raise `UnusableError` stating what is wrong."""
    with restore_process_state(), warn_if_slow(f"the plugin {info}"):
        module = _import(point)
        try:
            check_module(module)
            manager.register(module, str(info))
            return [*collect_parts(module)]
        except (KeyboardInterrupt, UnusableError):
            raise
        except pluggy.PluginValidationError as exc:
            raise UnusableError(f"has a hook that does not fit the contract: {exc}") from exc
        except BaseException as exc:  # third-party code may raise anything; the others must still load
            raise UnusableError(f"{type(exc).__name__}: {exc}") from exc


def _import(point: EntryPoint) -> ModuleType:
    check_name(point.name, "its entry point")
    # An entry point with an attribute or extras would load something else than the module that is checked.
    if not re.fullmatch(r"[A-Za-z_][\w.]*", point.value):
        raise UnusableError(f'its entry point {point.value!r} names no module; write {point.name} = "your_module"')
    try:
        module: ModuleType = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        raise UnusableError(f"cannot be imported: {type(exc).__name__}: {exc}") from exc
    return module


def _drop(manager: pluggy.PluginManager, info: PluginInfo) -> None:
    if manager.has_plugin(str(info)):
        manager.unregister(name=str(info))


def _enter(registry: Registry, info: PluginInfo, parts: list[tuple[PartKind, Part]]) -> None:
    """Register a usable plugin and its parts."""
    for kind, part in parts:
        registry.parts[kind][part.name] = part
    module: Any = registry.manager.get_plugin(str(info))
    hooks = sorted(caller.name for caller in registry.manager.get_hookcallers(module) or ())
    provides = tuple(f"{kind} {part.name}" for kind, part in parts)
    registry.infos[info.name] = replace(info, contract=module.ARFEED_CONTRACT, hooks=tuple(hooks), provides=provides)
    registry.installed.append(registry.infos[info.name])
