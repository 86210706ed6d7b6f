"""The board in a real browser: from the first person to an approval, for eyes, keyboards and screen readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from arfeed.history.records import ReconciliationRecord, RunRecord
from support.feeds.feed import Feed, invoice, invoices
from support.people.boards import PASSWORD, Board, add_person, refused_feed, running_board
from support.people.browser import Scheme, running_chromium, violations
from support.servers.identity import running_provider, write_settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

HOSTILE = "<img src=x onerror=alert(1)> \u202egnp.exe O'Hara & Søns"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium


@contextmanager
def visiting(
    browser: Browser, board: Board, scheme: Scheme = "light", *, also: str = "", **options: Any
) -> Iterator[Page]:
    """Open the board; whatever its scripts complain of fails the test, and so does another origin but `also`."""
    size = {"width": 1280, "height": 900}
    context = browser.new_context(
        **{"color_scheme": scheme, "viewport": size, "reduced_motion": "reduce", "base_url": board.origin, **options}
    )
    complaints: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Content Security Policy" in message.text else None,
        )
        known = tuple(filter(None, (board.origin, also)))
        page.on("request", lambda sent: None if sent.url.startswith(known) else complaints.append(sent.url))
        yield page
        assert complaints == []
    finally:
        context.close()


def log_in(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").wait_for()


def test_from_the_first_person_to_an_approval(browser: Browser, tmp_path: Path) -> None:
    feed = refused_feed(tmp_path / "feeds")
    feed.sync()
    with running_board(tmp_path / "feeds") as board:
        link = next(word for word in board.printed.split() if "/begin/" in word)
        with visiting(browser, board) as page:
            page.goto(link)
            page.get_by_label("Name").fill("anna")
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_label("The same again").fill(PASSWORD)
            page.get_by_role("button", name="Set the password").click()
            log_in(page, "anna")
            page.get_by_role("link", name="waits: 6 would be marked as paid").click()
            assert page.get_by_role("heading", name="Why it has to be approved").is_visible()
            page.get_by_label("How many invoices").fill("60")
            page.get_by_role("button", name="Approve and deliver").click()
            assert (
                page.get_by_role("alert").inner_text() == "The number is not how many invoices would be marked as paid."
            )
            assert page.evaluate("document.activeElement.id") == "wrong"
            page.get_by_label("How many invoices").fill("6")
            page.get_by_label("Why is that right?").fill("Payment run")
            page.get_by_role("button", name="Approve and deliver").click()
            # Of itself, once the run has ended.
            page.get_by_text("Delivered.", exact=True).wait_for(timeout=120_000)
            page.get_by_role("link", name="The receipt of run").click()
            assert "anna at 20" in page.locator(".banner").inner_text()
            page.get_by_role("link", name="Back to the board").click()
            page.get_by_role("button", name="Log out").click()
            page.get_by_role("button", name="Log in").wait_for()
            page.goto("/feeds/acme")
            assert "/login?next=%2Ffeeds%2Facme" in page.url
    assert len(feed.reports()) == 2


def test_a_second_person_and_a_viewer_see_what_is_theirs(browser: Browser, tmp_path: Path) -> None:
    feed = refused_feed(tmp_path / "feeds")
    feed.sync()
    config = feed.folder / "plugins.toml"
    config.write_text(config.read_text() + "\n[board]\ntwo_people_over = 0\n")
    for name, role in (("anna", "approver"), ("ben", "approver"), ("vera", "viewer")):
        add_person(tmp_path / "feeds", name, role)
    with running_board(tmp_path / "feeds") as board:
        with visiting(browser, board) as page:
            log_in(page, "anna")
            page.get_by_role("link", name="waits:").click()
            page.get_by_label("How many invoices").fill("6")
            page.get_by_role("button", name="Approve", exact=True).click()
            page.get_by_text("Another person has to approve it, too.").wait_for()
        with visiting(browser, board) as page:
            log_in(page, "vera")
            page.get_by_role("link", name="waits:").click()
            assert page.get_by_text("Your role does not allow to approve it.").is_visible()
            assert page.get_by_role("button", name="Approve").count() == 0
        with visiting(browser, board) as page:
            log_in(page, "ben")
            page.get_by_role("link", name="waits:").click()
            assert page.get_by_text("you would be the second").is_visible()
            feed.export(invoices(33))
            page.get_by_label("How many invoices").fill("6")
            page.get_by_role("button", name="Approve and deliver").click()
            page.get_by_text("the books have moved since").wait_for(timeout=120_000)
            page.get_by_role("link", name="Read the plan as it is now").click()
            assert page.get_by_text("7 invoices would be marked as paid").is_visible()
    assert len(feed.reports()) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_somebody_comes_in_by_a_provider_on_a_phone(browser: Browser, tmp_path: Path, scheme: Scheme) -> None:
    Feed(tmp_path / "feeds" / "acme").configure()
    phone = {"width": 360, "height": 740}
    with running_provider() as provider:
        write_settings(tmp_path / "feeds", provider.issuer)
        provider.claims["groups"] = ["finance"]
        with running_board(tmp_path / "feeds") as board:
            with visiting(browser, board, scheme, viewport=phone, bypass_csp=True) as page:
                page.goto("/login")
                assert page.evaluate("document.documentElement.scrollWidth") <= 360
                assert violations(page) == []
            with visiting(browser, board, scheme, also=provider.issuer, viewport=phone) as page:
                page.goto("/feeds/acme")
                # Both ways on one screen.
                ways = (
                    page.get_by_role("link", name="Log in by Example ID"),
                    page.get_by_role("button", name="Log in"),
                )
                assert all(way.is_visible() and way.bounding_box()["y"] < 740 for way in ways)  # type: ignore[index]
                ways[0].click()
                page.wait_for_url("**/feeds/acme")
                assert page.get_by_role("link", name="anna.berg").is_visible()
                page.get_by_role("button", name="Log out").click()
                assert page.get_by_role("link", name="Log out there, too").is_visible()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board with everything on it, and names that mean no good."""
    folder = tmp_path_factory.mktemp("feeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(tmp_path_factory.mktemp("state")))
        feed = Feed(folder / "acme & søns")
        for count in (293, 290):
            feed.export([invoice(number, customer_name=f"{HOSTILE} {number % 5}") for number in range(1, count + 1)])
            feed.approved()
        with feed.records() as history:
            history.record_reconciliation(compared(history.runs()[0]))
        feed.export([invoice(number, customer_name=f"{HOSTILE} {number % 5}") for number in range(1, 41)])
        feed.sync()
        other = Feed(folder / "broken").configure()
        other.write_text(other.read_text().replace("folder", "no-<b>such</b>-plugin", 1))
        Feed(folder / "quiet").configure()
        add_person(folder, "anna", "approver", "operator")
        with running_board(folder) as board:
            yield board


def compared(run: RunRecord) -> ReconciliationRecord:
    """A reconciliation of a delivery that found four differences."""
    return ReconciliationRecord(
        "r1", run.feed, run.destination, run.started_at, run.id, f"{HOSTILE}.csv", "differences", 61, 4, "ada", "{}"
    )


def test_the_page_of_a_feed_looks_back(browser: Browser, hostile: Board) -> None:
    with visiting(browser, hostile) as page:
        log_in(page, "anna")
        page.goto(addresses(page)["feed"])
        # One for each currency, and one of closings without proof; no invoice has a PDF.
        headings = page.locator("figcaption").all_inner_texts()
        assert headings == ["Open, EUR", "Open, GBP", "Marked as paid without proof"]
        assert page.locator("svg.course").count() == 3
        lately = page.get_by_role("region", name="Marked as paid in the 30 days to the last delivery")
        closed = [row.split("\t") for row in lately.locator("tbody tr").all_inner_texts()]
        assert {row[0] for row in closed} == {"unexplained"}
        assert sum(int(row[2]) for row in closed) == 3
        (compared,) = page.locator("[aria-label='Reconciliations'] tbody tr").all_inner_texts()
        assert compared.split("\t")[2:] == ["differences", "61", "4", "ada"]


@pytest.mark.parametrize(
    ("language", "amount", "day"), [("de-DE", "1.176,00", "04.04.2026"), ("en-IN", "1,176.00", "4 Apr 2026")]
)
def test_amounts_and_times_are_in_the_readers_notation(
    browser: Browser, hostile: Board, language: str, amount: str, day: str
) -> None:
    with visiting(browser, hostile, locale=language, timezone_id="Asia/Kolkata") as page:
        log_in(page, "anna")
        there = addresses(page)
        page.goto(there["feed"])
        assert page.locator(".amount").first.inner_text() == amount
        assert f"{day}, " in page.locator("table time").first.inner_text()
        page.goto(there["plan"])
        # Also those that are shown later.
        page.get_by_role("button", name="Show all").click()
        shown = page.locator("#rows .amount").all_inner_texts()
        assert len(shown) == 250
        # And in sentences.
        said = page.locator(".reasons").inner_text()
        assert re.search(r"[.,]\d\d EUR", said)
        assert re.search(r",\d\d EUR" if language == "de-DE" else r"\.\d\d EUR", said), said
        page.goto(there["search"])
        assert page.get_by_text("150,00 GBP" if language == "de-DE" else "150.00 GBP").count()
        assert all((text[-3] == ",") == (language == "de-DE") for text in shown), shown


def addresses(page: Page) -> dict[str, str]:
    """Return the pages to look at, by name."""
    page.goto("/")
    plan = str(page.get_by_role("link", name="waits:").get_attribute("href"))
    feed = plan.partition("/plans/")[0]
    page.goto(feed)
    receipt = str(page.locator("a[href*='/runs/']").first.get_attribute("href"))
    return {
        "front": "/",
        "feed": feed,
        "plan": plan,
        "whole plan": f"{plan}/page",
        "receipt": receipt,
        "broken": "/feeds/broken",
        "quiet": "/feeds/quiet",
        "search": "/search?q=INV-0050",
        "log": "/audit",
        "account": "/account",
        "missing": "/no-such-page",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_kept_from_using_any_page(browser: Browser, hostile: Board, scheme: Scheme) -> None:
    with visiting(browser, hostile, scheme) as page:
        page.goto("/login")
        found = {"login": violations(page)}
    with visiting(browser, hostile, scheme, bypass_csp=True) as page:
        log_in(page, "anna")
        for name, address in addresses(page).items():
            page.goto(address)
            found[name] = violations(page)
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_no_page_is_wider_than_a_phone(browser: Browser, hostile: Board) -> None:
    wide = {}
    with visiting(browser, hostile, viewport={"width": 360, "height": 740}) as page:
        log_in(page, "anna")
        for name, address in addresses(page).items():
            page.goto(address)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 360:
                wide[name] = width
    assert wide == {}


def test_names_that_mean_no_good_are_shown_as_they_are(browser: Browser, hostile: Board) -> None:
    with visiting(browser, hostile) as page:
        log_in(page, "anna")
        for address in addresses(page).values():
            page.goto(address)
            assert page.locator("img, iframe, object, embed").count() == 0
            assert "\u202e" not in page.locator("body").inner_text()
        page.goto("/")
        page.get_by_role("link", name="waits:").click()
        assert page.get_by_text("<img src=x onerror=alert(1)> \\u202egnp.exe O'Hara & Søns").first.is_visible()


def test_a_plan_is_approved_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    feed = refused_feed(tmp_path / "feeds")
    feed.sync()
    add_person(tmp_path / "feeds", "anna", "approver")
    with running_board(tmp_path / "feeds") as board, visiting(browser, board) as page:
        log_in(page, "anna")
        _tab_to(page, "waits:")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Approve", exact=True).wait_for()
        _tab_to(page, "invoices")
        page.keyboard.type("6")
        page.keyboard.press("Enter")
        page.get_by_text("Delivered.", exact=True).wait_for(timeout=120_000)
    assert len(feed.reports()) == 2


def _tab_to(page: Page, wanted: str) -> None:
    """Press Tab until a link or field has the focus that is called so, or has that id."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "[document.activeElement].filter(one => ['A', 'INPUT'].includes(one.tagName))"
            ".map(one => one.id + ' ' + one.textContent).join()"
        )
        if wanted in found:
            return
    raise AssertionError(f"no Tab leads to {wanted}")
