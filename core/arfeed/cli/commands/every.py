"""`arfeed sync --all DIR`: the feeds of a folder, several at once, and one summary."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import time
from types import FrameType

from arfeed.cli.display.logs import ON_STDERR, VARIABLE
from arfeed.cli.display.many import Screen, summary
from arfeed.cli.display.output import complain, console, print_json_list
from arfeed.model.errors import ArfeedError, ConfigError, worst_exit_code
from arfeed.model.fields import parse_duration, parse_size
from arfeed.operations.many import warming
from arfeed.operations.many.choice import choose, find_feeds, name_of, parse_share
from arfeed.operations.many.jobs import Planned, plan_jobs
from arfeed.operations.many.limits import Limits, can_measure, default_memory
from arfeed.operations.many.memory import LastOutcomes
from arfeed.operations.many.metrics import write_metrics
from arfeed.operations.many.outcome import Outcome
from arfeed.operations.many.running import Said, Start, Started, Stop, run_each
from arfeed.operations.many.starting import Child, fork, spawn

_HOUR: float | None = 3600


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was typed beside `--all`: how many feeds at once, which of them, and what each may take."""

    jobs: int | None = None
    only: Sequence[str] = ()
    shard: str | None = None
    time_limit: str | None = None
    memory_limit: str | None = None
    metrics: Path | None = None


def sync_all(folder: Path, wishes: Wishes, *, log: str | None, as_json: bool) -> None:
    """Deliver the feeds of a folder, report how each ended, and end with the worst of their exit codes.

    `log` is the file that `--log-json` named for their events.
    """
    last = LastOutcomes(folder)
    share = parse_share(wishes.shard) if wishes.shard else None
    names = {config: name_of(folder, config) for config in find_feeds(folder)}
    feeds = choose(names, wishes.only, share, last.codes)
    at_once = wishes.jobs or processors()
    planned = plan_jobs(feeds, limits(wishes.time_limit, wishes.memory_limit, at_once))
    screen = Screen(feeds, live=at_once == 1, raw=log == ON_STDERR)
    outcomes: list[Outcome] = []
    with suppress(OSError):  # the first outcome says so
        last.begin(names[config] for config in feeds)
    with _stoppable() as stop, screen:
        start = _starter(planned, {VARIABLE: log} if log else {}, screen, captured=log != ON_STDERR)
        for happened in run_each(planned.jobs, start, at_once, stop):
            if isinstance(happened, Started):
                screen.begin(happened.config)
            elif isinstance(happened, Said):
                screen.print_text(happened.config, happened.text)
            elif isinstance(happened, Outcome):
                screen.end(happened)
                outcomes.append(replace(happened, text=""))  # it has been shown
                _remember(last, names[happened.config], happened, screen)
            else:
                screen.refresh()
    places = {config: place for place, config in enumerate(feeds)}
    outcomes.sort(key=lambda outcome: places[outcome.config])
    run = {outcome.config for outcome in outcomes}
    not_run = [config for config in feeds if config not in run]
    code = worst_exit_code(outcome.code for outcome in outcomes) if stop.signal is None else 128 + stop.signal
    people = console(beside_json=as_json)
    summary(people, outcomes, not_run, folder)
    if wishes.metrics:
        _write_metrics(wishes.metrics, {names[outcome.config]: outcome for outcome in outcomes}, last)
    if as_json:
        stopped = signal.Signals(stop.signal).name if stop.signal else None
        facts = {"exit_code": code, "stopped_by": stopped, "not_run": [str(config) for config in not_run]}
        # One after the other: the documents of thousands of feeds need gigabytes at once.
        print_json_list(facts, "feeds", map(_as_data, outcomes))
    sys.exit(code)


def _write_metrics(file: Path, outcomes: Mapping[str, Outcome], last: LastOutcomes) -> None:
    now = time()
    # What was delivered just now counts also if it could not be written down.
    delivered = {**last.delivered(), **{name: now for name, outcome in outcomes.items() if outcome.code == 0}}
    try:
        write_metrics(file, outcomes, delivered, now)
    except OSError as exc:
        complain(ArfeedError(f"--metrics {file}: it can't be written: {exc.strerror}; the deliveries are not affected"))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limits(time_limit: str | None, memory_limit: str | None, at_once: int) -> Limits:
    """Read what was typed of limits, for that many feeds at once. Raise `ConfigError` for what can't be read."""
    seconds, memory = _HOUR, default_memory(at_once) if can_measure() else None
    if time_limit is not None:
        span = _parse_option("--time-limit", parse_duration, time_limit)
        seconds = span.total_seconds() if isinstance(span, timedelta) else None
    if memory_limit is not None:
        size = _parse_option("--memory-limit", parse_size, memory_limit)
        memory = size if isinstance(size, int) else None
        if memory is not None and not can_measure():
            raise ConfigError("--memory-limit: the memory of other processes can be measured on Linux only")
    return Limits(seconds, memory)


def _parse_option(option: str, parse: Callable[[object], object], text: str) -> object:
    try:
        return None if text == "none" else parse(text)
    except ValueError as exc:
        raise ConfigError(f'{option} {text}: {exc}; or "none" for no limit') from exc


def _starter(planned: Planned, environment: dict[str, str], screen: Screen, *, captured: bool) -> Start:
    """Return what starts a feed: a fork of this process, or a new Python if this process can't be forked."""
    how: Callable[..., Child] = spawn
    # For one or two feeds it would take longer to import everything first.
    if warming.can_fork() and len(planned.jobs) > 1:
        known = warming.descriptors()
        warming.warm_up(planned.plugins, planned.schemes)
        if opened := warming.find_open(known):
            screen.note(f"each feed starts its own Python, since imports left open: {', '.join(opened)}")
        else:
            how = fork

    def start(config: Path) -> Child:
        return how(["sync", "--json", "--config", str(config)], environment, captured=captured)

    return start


def _remember(last: LastOutcomes, name: str, outcome: Outcome, screen: Screen) -> None:
    try:
        last.add(name, outcome)
    except OSError as exc:
        screen.note(f"{last.file} can't be written: {exc.strerror}; --only failed will not know how {name} ended")


@contextmanager
def _stoppable() -> Iterator[Stop]:
    """Have SIGTERM and Ctrl-C end the feeds that run, in order; a second one ends this process at once."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_data(outcome: Outcome) -> dict[str, object]:
    return {
        "config": str(outcome.config),
        "outcome": outcome.name,
        "exit_code": outcome.code,
        "seconds": round(outcome.seconds, 3),
        "ended_by": outcome.ended[0] if outcome.ended else None,
        "next": outcome.next,
        "result": outcome.document,
    }
