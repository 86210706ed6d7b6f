"""Run by the Python that LibreOffice's bridge belongs to: PIPE, then for each file its URL, its separator, its goal."""

from __future__ import annotations

import sys
import time
from typing import Any

import uno  # type: ignore[import-not-found]  # of Debian's python3-uno, for the system's Python only
from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]  # which uno makes importable
from com.sun.star.connection import NoConnectException  # type: ignore[import-not-found]  # likewise

_CSV = "Text - txt - csv (StarCalc)"
_RECOGNIZE = "34,76,1,,0,false,true"
"""Quotes, UTF-8, from the first line, no kinds of columns, the user's language; special numbers are recognized."""


def desktop(pipe: str) -> Any:
    here = uno.getComponentContext()
    resolver = here.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", here)
    for _ in range(600):
        try:
            there = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.1)
        else:
            return there.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", there)
    raise TimeoutError(pipe)


def properties(**values: object) -> tuple[Any, ...]:
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


def main(pipe: str, *jobs: str) -> None:
    office = desktop(pipe)
    for file, mark, goal in zip(jobs[::3], jobs[1::3], jobs[2::3], strict=True):
        options = f"{ord(mark)},{_RECOGNIZE}"
        book = office.loadComponentFromURL(
            file, "_blank", 0, properties(Hidden=True, FilterName=_CSV, FilterOptions=options)
        )
        book.storeToURL(f"{goal}.xlsx", properties(FilterName="Calc MS Excel 2007 XML"))
        book.storeToURL(f"{goal}.csv", properties(FilterName=_CSV, FilterOptions=f"{ord(mark)},34,76,1"))
        book.close(True)
    office.terminate()


main(*sys.argv[1:])
