"""Make the pictures of the README, from the demo's feed on the day it speaks of: python docs/pictures.py."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console

from arfeed.cli.display.progress import progress
from arfeed.cli.display.show import show_plan
from arfeed.model.results import Plan
from arfeed.plugins.config import read_project
from arfeed.runs import page_files, pipeline
from arfeed.runs.context import begin_run

ROOT = Path(__file__).parents[1]
THURSDAY = datetime(2026, 4, 9, 6, tzinfo=UTC)


def main() -> None:
    """Play some days of the demo, and take pictures of the last plan."""
    with in_a_copy() as folder:
        today = folder / "today"
        folder.joinpath("examples", "exports").rename(today)
        shutil.copytree(folder / "examples" / "yesterday" / "exports", folder / "examples" / "exports")
        for days in range(12, 0, -1):
            deliver(THURSDAY - timedelta(days=days))
        shutil.rmtree(folder / "examples" / "exports")
        today.rename(folder / "examples" / "exports")
        page = folder / "plan.html"
        plan = planned(page)
        draw_terminal(plan)
        draw_page(page)


@contextmanager
def in_a_copy() -> Iterator[Path]:
    """Work in a copy of the demo's feed."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "plugins.toml", folder)
        shutil.copytree(ROOT / "examples", folder / "examples")
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(here)


def deliver(at: datetime) -> None:
    """Deliver whatever there is, as somebody who says yes to it."""
    project = read_project(Path("plugins.toml"))
    with progress() as steps:
        approval = pipeline.sync(project, steps, clock=lambda: at).plan.approval
        if approval:
            pipeline.sync(project, steps, approve=approval, clock=lambda: at)


def planned(page: Path) -> Plan:
    """Return Thursday's plan, and write its page."""
    project = read_project(Path("plugins.toml"))
    with progress() as steps:
        plan = pipeline.plan(project, steps, clock=lambda: THURSDAY).plan
        page_files.write_plan_page(begin_run(project, steps), plan, page, "arfeed sync")
    return plan


def draw_terminal(plan: Plan) -> None:
    """Draw a terminal that shows the plan."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=96, file=nowhere, force_terminal=True, highlight=False, emoji=False)
        show_plan(plan, console, "arfeed sync", "arfeed adopt")
        drawing = console.export_svg(title="arfeed plan", unique_id="plan")
    # rich would fetch a font; any that the reader has will do.
    drawing = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL).replace("Fira Code, ", "")
    ROOT.joinpath("docs", "plan.svg").write_text(drawing, encoding="utf-8")


def draw_page(page: Path) -> None:
    """Take a picture of the page's beginning."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1100, "height": 1250})
        window.goto(page.as_uri())
        shot = window.screenshot()
        browser.close()
    few_colours = Image.open(io.BytesIO(shot)).convert("RGB").quantize(64)
    few_colours.save(ROOT / "docs" / "page.png", optimize=True)


if __name__ == "__main__":
    main()
