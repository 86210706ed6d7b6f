"""A real Chromium, Debian's, which looks at pages: no network, and every request noted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]


@dataclass
class Sight:
    """A page in the browser, what it asked the network for, and what its scripts complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run a browser. Skip the test where there is none, but never in CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking_at(browser: Browser, file: Path, scheme: Scheme = "light", **options: Any) -> Iterator[Sight]:
    """Open a file as somebody does who got it by mail."""
    size = {"width": 1280, "height": 900}
    context = browser.new_context(**{"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce", **options})
    # A page of ten thousand rows, on a machine that tests something else beside it.
    context.set_default_navigation_timeout(120_000)
    try:
        page = context.new_page()
        sight = Sight(page)
        page.on("request", lambda request: sight.requests.append(request.url))
        page.on("console", lambda message: sight.complaints.append(message.text))
        page.on("pageerror", lambda error: sight.complaints.append(str(error)))
        page.on("dialog", lambda dialog: sight.complaints.append(f"dialog {dialog.message}"))
        page.goto(file.absolute().as_uri())
        yield sight
    finally:
        context.close()


def violations(page: Any) -> list[str]:
    """What axe finds, and where."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("tags => axe.run({ runOnly: tags })", rules)
    assert len(found["passes"]) > 15
    return [
        f"{item['id']}: {node['html']} {node['failureSummary']}"
        for item in found["violations"]
        for node in item["nodes"][:3]
    ]
