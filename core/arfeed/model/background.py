"""Beginning something now whose result is asked for later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import copy_context
from typing import Any, TypeVar

Result = TypeVar("Result")


def begin(do: Callable[[], Result], after: Future[Any] | None = None) -> Future[Result]:
    """Do something in a thread of its own, which no end of the process waits for; the result is in the future.

    It begins when what goes before it has ended, well or not: what is done one `after` the other takes one processor.
    """
    future: Future[Result] = Future()
    context = copy_context()

    def work() -> None:
        if after:
            wait([after])
        try:
            future.set_result(context.run(do))
        except BaseException as exc:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(exc)

    threading.Thread(target=work, name="arfeed-background", daemon=True).start()
    return future
