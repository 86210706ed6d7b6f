"""The receiver's page in a real browser: its form arrives, and nobody is kept from using it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.delivery.rehearsal.books import Books, write_books
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.receiver import receiver
from arfeed.delivery.rehearsal.web import Panel, serving
from support.people.browser import Scheme, running_chromium, violations

pytestmark = pytest.mark.chromium

BOOKS = Books(open={"INV-1": Decimal("12.50")}, paid_by_absence={"INV-2": "day2.csv"}, rejected={"day3.csv": "cut off"})


@pytest.fixture
def panel(tmp_path: Path) -> Iterator[Panel]:
    with receiver("demo", tmp_path) as at:
        write_books(tmp_path, BOOKS)
        yield Panel("demo", at, Faults())


def test_a_fault_is_switched_by_hand_and_off_again(panel: Panel) -> None:
    with serving(panel) as port, running_chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_label("It renames nothing: permission denied.").check()
        page.get_by_label("Its disk is full after").fill("0")
        page.get_by_role("button", name="Switch").click()
        assert page.get_by_label("It renames nothing: permission denied.").is_checked()
        assert (panel.faults.refuse_rename, panel.faults.disk_full_after) == (True, 0)
        page.get_by_role("button", name="All off").click()
        assert not page.get_by_label("It renames nothing: permission denied.").is_checked()
        assert panel.faults == Faults()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_from_using_it(panel: Panel, scheme: Scheme) -> None:
    with serving(panel) as port, running_chromium() as browser:
        page = browser.new_page(color_scheme=scheme, bypass_csp=True)
        page.goto(f"http://127.0.0.1:{port}/")
        assert violations(page) == []
