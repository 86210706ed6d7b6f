"""Run work in the background if its result is needed only later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


def begin(do: Callable[[], Result], after: Future[Any] | None = None) -> Future[Result]:
    """Run `do` in a daemon thread; return its Future.

    It starts once `after` is done, whether or not that succeeded: a chain of such work keeps one processor busy.
    """
    future: Future[Result] = Future()
    # So that events of the work carry the same feed and run as those of the thread that began it.
    context = copy_context()

    def work() -> None:
        if after:
            wait([after])
        try:
            future.set_result(context.run(do))
        except BaseException as exc:  # noqa: BLE001 - it is raised by `Future.result`
            future.set_exception(exc)

    # A daemon thread and no executor: an executor is waited for at exit, so Ctrl-C would take as long as the work
    # does.
    threading.Thread(target=work, name="arfeed-background", daemon=True).start()
    return future
