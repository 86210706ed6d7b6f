"""Runs that people asked for on the board: each its own process, recorded before it starts."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from typing import Any, Literal

import sqlalchemy as sa

from arfeed.history.records import RunRecord
from arfeed.model.errors import ArfeedError, LockedError, RefusedError
from arfeed.operations.board.approvals import Job, approvals_of, find_plan, keep
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import jobs, now
from arfeed.operations.many.outcome import OUTCOMES

Outcome = Literal["looked", "delivered", "refused", "moved", "failed", "interrupted"]
"""looked: a plan was made. moved: nothing was delivered, since the plan was no longer the approved one."""

_LOGGER = logging.getLogger("arfeed.board")
_PATIENCE, _PAUSE = 600.0, 3.0
"""For how many seconds a run waits for another one's lock, and how long between two tries."""
_LONGEST_MESSAGE = 2_000
_BUG = "This is a bug of the board; its log says more. Whether anything was delivered is in the list of deliveries."


@dataclass(frozen=True, slots=True)
class _Ending:
    outcome: Outcome
    message: str = ""
    run: str | None = None
    plan: dict[str, Any] | None = None


@dataclass
class Worker:
    """Starts the runs that were asked for, several feeds at once, but each feed's one after the other.

    `find_words` returns what to type after a command about a feed, `find_delivery` the delivery that a job approved, if
    there is one; `ended` is called after each run.
    """

    database: Database
    find_words: Callable[[str], list[str] | None]
    find_delivery: Callable[[str, str], RunRecord | None]
    ended: Callable[[], None] = lambda: None
    processes: int = 2
    _ending: Event = field(default_factory=Event)
    _wake: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        """Take up what an earlier board left, and begin to work."""
        with self.database.writing() as connection:
            left = jobs.c.state == "running"
            # An approval is a person's word and starts again. That can't deliver twice: its code is worth nothing once
            # the delivery has become the baseline, and a run that still goes on holds the destination's lock.
            again = sa.update(jobs).where(left, jobs.c.kind == "approve").values(state="asked", started_at=None)
            connection.execute(again)
            lost = {"state": "ended", "outcome": "interrupted", "ended_at": now()}
            words = "The board was ended while this ran. What it delivered, if anything, is in the history."
            connection.execute(sa.update(jobs).where(left).values(**lost, message=words))
        for number in range(self.processes):
            thread = Thread(target=self._work, name=f"arfeed-board-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look for new jobs now."""
        self._wake.set()

    def stop(self, seconds: float = 20) -> None:
        """Start no more runs, and wait a while for those under way; they go on without the board."""
        self._ending.set()
        self._wake.set()
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                job = self._claim()
                if job is not None:
                    self._run(job)
                    continue
            except Exception:
                # A database that is away for a while must not end the work.
                _LOGGER.exception("the board could not look for runs that were asked for; it tries again")
            self._wake.wait(1)
            self._wake.clear()

    def _claim(self) -> Job | None:
        """Take the next job of a feed for which none is running."""
        busy = sa.select(jobs.c.feed).where(jobs.c.state == "running")
        query = (
            sa.select(jobs).where(jobs.c.state == "asked", jobs.c.feed.not_in(busy)).order_by(jobs.c.asked_at).limit(1)
        )
        with self.database.reading() as connection:
            if connection.execute(query).one_or_none() is None:
                return None
        with self.database.writing() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                return None
            started = {"state": "running", "started_at": now()}
            connection.execute(sa.update(jobs).where(jobs.c.id == row["id"]).values(**started))
            return Job(**{**row, **started})

    def _run(self, job: Job) -> None:
        try:
            ending = self._end(job)
        except ArfeedError as exc:
            ending = _Ending("failed", str(exc))
        except Exception:
            _LOGGER.exception("the run of job %s could not be started or judged", job.id)
            ending = _Ending("failed", _BUG)
        # Without an ending the board ends; whoever starts it again finds the job running, and takes it up.
        while ending is not None:
            try:
                self._record(job, ending)
            except ArfeedError:
                _LOGGER.exception("how the run of job %s ended could not be recorded; it is tried again", job.id)
                if self._ending.wait(_PAUSE):
                    return
            else:
                self.ended()
                return

    def _record(self, job: Job, ending: _Ending) -> None:
        with self.database.writing() as connection:
            seen = keep(connection, job.feed, ending.plan) if ending.plan else None
            values = {"state": "ended", "ended_at": now(), "outcome": ending.outcome, "run": ending.run, "seen": seen}
            message = ending.message[:_LONGEST_MESSAGE]
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**values, message=message))
            if job.kind != "look":
                log(connection, job.asked_by, f"run {ending.outcome}", job.feed, job=job.id, run=ending.run)

    def _end(self, job: Job) -> _Ending | None:
        """Run a job to its end; return None if the board ends first."""
        about = self.find_words(job.feed)
        if about is None:
            return _Ending("failed", f"The feed {job.feed} is gone: its plugins.toml is no longer in the folder.")
        # Without -P the current folder would come first on the path, and a pandas.py in it before pandas.
        command = [sys.executable, "-P", "-m", "arfeed", *self._words(job), *about]
        began = monotonic()
        while True:
            code, document = _call(command)
            if code != LockedError.exit_code or monotonic() - began > _PATIENCE:
                break
            # Somebody else's run goes on. Afterwards this one is told whether its plan is still the plan.
            if self._ending.wait(_PAUSE):
                return None
        # A machine that is shut down ends the run and the board at nearly the same time, in either order.
        if code not in OUTCOMES and self._ending.wait(_PAUSE):
            return None
        return self._judge(job, code, document)

    def _words(self, job: Job) -> list[str]:
        if job.kind == "look":
            return ["plan", "--json"]
        if job.kind == "run":
            return ["sync", "--json"]
        with self.database.reading() as connection:
            plan = find_plan(connection, job.feed, job.plan or "")
            given = approvals_of(connection, job.id)
        who = " and ".join(f"{each.person}{each.way or ''} at {each.at:%Y-%m-%d %H:%M} UTC" for each in given)
        # The job's id too: by it a board that was killed finds the delivery.
        by = f"{who}, on the board (job {job.id})"
        return ["sync", "--json", "--approve", plan.code or "" if plan else "", "--approved-by", by]

    def _judge(self, job: Job, code: int, document: dict[str, Any]) -> _Ending:
        plan = document if job.kind == "look" and "planned_at" in document else document.get("plan")
        message = str(document.get("error", {}).get("message", ""))
        if job.kind == "look":
            return _Ending("looked", plan=plan) if plan else _make_failure(code, message)
        if code == 0:
            return _Ending("delivered", run=document["receipt"]["run"])
        # An earlier try of this job may have delivered before its board was killed: then the baseline has moved.
        if job.kind == "approve" and (delivery := self.find_delivery(job.feed, job.id)) is not None:
            return _Ending("delivered", run=delivery.id)
        if code == RefusedError.exit_code and plan:
            return _Ending("moved" if job.kind == "approve" else "refused", plan=plan)
        return _make_failure(code, message)


def _make_failure(code: int, message: str) -> _Ending:
    return _Ending("failed", message or f"It ended with exit code {code} ({OUTCOMES.get(code, 'it was killed')}).")


def _call(command: list[str]) -> tuple[int, dict[str, Any]]:
    """Run a command; return its exit code and the document that it printed, empty if it printed none."""
    # Into a file: a process that outlives the board must not fail of a pipe that nobody reads.
    # The document is read back as UTF-8, whatever the code page of this machine.
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as out:
        # Its own session: Ctrl-C for the board is not meant for a delivery that is under way.
        ran = subprocess.run(  # noqa: S603 - our own command, and a file that was found
            command, stdin=subprocess.DEVNULL, stdout=out, env=environment, check=False, start_new_session=True
        )
        out.seek(0)
        try:
            document = json.loads(out.read())
        except ValueError:
            document = None
    return ran.returncode, document if isinstance(document, dict) else {}
