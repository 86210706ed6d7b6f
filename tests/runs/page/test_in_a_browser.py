"""The page in a real browser: nothing is fetched, nothing hostile runs, and everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.people.browser import Scheme, looking_at, running_chromium, violations
from support.people.looks import HOSTILE, write_all

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.chromium

KINDS = ("refused", "delivered", "empty", "odd", "reconciled", "some", "many")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_all(tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_and_no_script_but_its_own_runs(
    browser: Browser, pages: dict[str, Path], kind: str
) -> None:
    with looking_at(browser, pages[kind]) as sight:
        assert sight.requests == [pages[kind].as_uri()]
        assert sight.complaints == []
        assert sight.page.evaluate("window.hit") is None
        assert sight.page.locator("script").count() == 1
        assert sight.page.locator("img, iframe, object, embed, link, base, form").count() == 0


def test_a_script_that_slipped_in_would_not_run(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    slipped = tmp_path / "slipped.html"
    text = pages["refused"].read_text().replace("</main>", "<script>window.hit = 1</script></main>")
    slipped.write_text(text.replace("<h1>", '<img src="x" onerror="window.hit = 1"><h1>'))
    with looking_at(browser, slipped) as sight:
        assert sight.page.evaluate("window.hit") is None
        assert any("Content Security Policy" in complaint for complaint in sight.complaints)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_nobody_is_kept_from_using_it(browser: Browser, pages: dict[str, Path], kind: str, scheme: Scheme) -> None:
    with looking_at(browser, pages[kind], scheme, bypass_csp=True) as sight:
        for details in sight.page.locator("details").all():
            details.evaluate("one => one.open = true")
        # The rows are all alike, and axe takes its time over each.
        sight.page.evaluate("document.querySelectorAll('#rows tbody tr:nth-child(n+9)').forEach(row => row.remove())")
        assert violations(sight.page) == []


def test_names_are_shown_to_the_letter_and_what_hides_is_escaped(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["some"]) as sight:
        sight.page.get_by_role("button", name="Show all").click()
        names = set(sight.page.locator("#rows tbody td:nth-child(2)").all_text_contents())
    escapes = [r"A\u202eZ", r"A\u2066Z", r"A\x00\x1b[2JZ", r"A\ufeffZ"]
    assert names == {*HOSTILE[:7], *escapes, *HOSTILE[11:]}


@pytest.mark.parametrize("kind", ["delivered", "reconciled"])
def test_times_are_in_the_zone_of_whoever_reads_them(browser: Browser, pages: dict[str, Path], kind: str) -> None:
    with looking_at(browser, pages[kind], timezone_id="Asia/Kolkata") as sight:
        times = [
            (time.text_content() or "", time.get_attribute("title") or "") for time in sight.page.locator("time").all()
        ]
    assert times
    for shown, original in times:
        (hour, minute), (hour_there, minute_there) = (
            map(int, text.removesuffix(zone)[-5:].split(":"))
            for text, zone in ((shown, " GMT+5:30"), (original, " UTC"))
        )
        assert (60 * (hour - hour_there) + minute - minute_there) % (24 * 60) == 5 * 60 + 30


def column(page: Any, number: int) -> list[str]:
    return list(page.locator(f"#rows tbody tr > :nth-child({number})").all_text_contents())


def by_currency(page: Any) -> dict[str, list[int]]:
    """Return the balances shown, in their order."""
    found: dict[str, list[int]] = {}
    for currency, value in zip(column(page, 4), column(page, 3), strict=True):
        found.setdefault(currency, []).append(int(value.replace(",", "").partition(".")[0]))
    return found


def test_ten_thousand_documents_are_searched_and_sorted_at_once(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["many"]) as sight:
        page = sight.page
        assert page.locator("#found").text_content() == "10,000 documents, 200 shown"
        assert column(page, 4)[:4] == ["EUR", "GBP", "JPY", "EUR"]
        for sums in by_currency(page).values():
            assert sums == sorted(sums, reverse=True)
        took = page.evaluate(
            """() => { const began = performance.now(); const search = document.getElementById("search");
            for (const text of ["inv-0", "inv-04", "inv-0424", ""]) {
                search.value = text; search.dispatchEvent(new Event("input")); document.body.offsetHeight; }
            for (const button of document.querySelectorAll("#rows th button")) {
                button.click(); document.body.offsetHeight; }
            return performance.now() - began; }"""
        )
        assert took < 5_000
        page.get_by_label("Search").fill("INV-0424 gone")
        found = column(page, 1)
        assert found
        assert all(ref.startswith("INV-0424") for ref in found)
        assert set(column(page, 8)) == {"gone"}
        assert page.locator("#found").text_content() == f"{len(found)} of 10,000 match"


def test_a_column_is_sorted_both_ways_and_says_so(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["refused"]) as sight:
        head = sight.page.locator("#rows thead th").first
        for direction, order in (("ascending", False), ("descending", True)):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == direction
            refs = column(sight.page, 1)
            assert refs == sorted(refs, reverse=order)
            assert len(refs) == 6
        sight.page.get_by_role("button", name="Balance").click()
        assert head.get_attribute("aria-sort") == "none"
        currencies = column(sight.page, 4)
        assert currencies == ["EUR", "EUR", "GBP", "GBP", "JPY", "JPY"]
        assert all(sums == sorted(sums, reverse=True) for sums in by_currency(sight.page).values())
        sight.page.get_by_role("button", name="Balance").click()
        assert column(sight.page, 4) == currencies
        assert all(sums == sorted(sums) for sums in by_currency(sight.page).values())


def test_a_date_is_on_one_line_however_narrow_the_window(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["refused"]) as sight:
        sight.page.set_viewport_size({"width": 320, "height": 800})
        for number in (5, 6):
            heights = sight.page.evaluate(
                """number => Array.from(document.querySelectorAll(`#rows td:nth-child(${number})`), cell => {
                const range = document.createRange(); range.selectNodeContents(cell);
                return new Set(Array.from(range.getClientRects(), rect => rect.top)).size; })""",
                number,
            )
            assert max(heights) == 1


def test_without_scripts_every_row_is_there_and_no_tool_that_would_not_work(
    browser: Browser, pages: dict[str, Path]
) -> None:
    with looking_at(browser, pages["refused"], java_script_enabled=False) as sight:
        assert len(column(sight.page, 1)) == 6
        assert not sight.page.locator("#search").is_visible()


def test_in_print_every_row_is_there(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["some"]) as sight:
        sight.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        sight.page.emulate_media(media="print")
        assert len(column(sight.page, 1)) == 450
        assert not sight.page.locator("#search").is_visible()


def test_no_part_of_a_page_is_wider_than_a_telephone(browser: Browser, pages: dict[str, Path]) -> None:
    for kind in KINDS:
        with looking_at(browser, pages[kind], viewport={"width": 390, "height": 800}) as sight:
            assert sight.page.evaluate("document.documentElement.scrollWidth") <= 390, kind


def test_a_telephone_shows_what_there_is_now_without_scrolling(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["some"], viewport={"width": 390, "height": 800}) as sight:
        cells = sight.page.locator(".movements th:last-child, .movements td:last-child")
        boxes = [cell.bounding_box() for cell in cells.all()]
        assert len(boxes) > 1
        assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)


def test_both_themes_have_colours_of_their_own(browser: Browser, pages: dict[str, Path]) -> None:
    bars = []
    schemes: tuple[Scheme, ...] = ("light", "dark")
    for scheme in schemes:
        with looking_at(browser, pages["refused"], scheme) as sight:
            bars.append(sight.page.evaluate("getComputedStyle(document.querySelector('svg .age-1')).fill"))
    assert bars == ["rgb(168, 119, 0)", "rgb(224, 180, 58)"]


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_two_texts_of_a_chart_touch_and_none_leaves_the_card(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    for kind in ("refused", "odd"):
        with looking_at(browser, pages[kind], viewport={"width": width, "height": 900}) as sight:
            found = sight.page.evaluate(
                """() => Array.from(document.querySelectorAll("svg.chart"), chart => {
                const card = chart.closest("section").getBoundingClientRect();
                const texts = Array.from(chart.querySelectorAll("text"), text =>
                    ({ said: text.textContent, at: text.getBoundingClientRect() }));
                const outside = texts.filter(({ at }) => at.left < card.left || at.right > card.right
                    || at.top < card.top || at.bottom > card.bottom);
                const touching = texts.flatMap((one, place) => texts.slice(place + 1).filter(other =>
                    one.at.left < other.at.right && other.at.left < one.at.right
                    && one.at.top + 2 < other.at.bottom && other.at.top + 2 < one.at.bottom)
                    .map(other => `${one.said} and ${other.said}`));
                return { count: texts.length, wrong: [...outside.map(text => text.said), ...touching] }; })"""
            )
            assert len(found) >= 6
            assert all(chart["count"] >= 3 for chart in found)
            assert [chart["wrong"] for chart in found if chart["wrong"]] == []


def test_bars_are_as_long_as_their_amounts_on_either_side_of_zero(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["odd"]) as sight:
        euro = sight.page.locator("svg.ageing").nth(1)
        zero = euro.locator("line.zero").evaluate("line => line.getBoundingClientRect().left")
        boxes = euro.locator("rect").evaluate_all("all => all.map(one => one.getBoundingClientRect())")
    owed, small, credit, least = boxes
    assert owed["left"] == pytest.approx(zero, abs=1)
    assert credit["right"] == pytest.approx(zero, abs=1)
    assert credit["width"] == pytest.approx(owed["width"] * 0.4, rel=0.01)
    assert small["right"] == pytest.approx(zero, abs=1)
    assert 1 < least["width"] < 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_print_a_chart_is_dark_on_white(browser: Browser, pages: dict[str, Path], scheme: Scheme) -> None:
    with looking_at(browser, pages["refused"], scheme) as sight:
        sight.page.emulate_media(media="print", color_scheme=scheme)
        colours = sight.page.evaluate(
            """() => [[".chart text", "fill"], ["polyline", "stroke"], ["section", "backgroundColor"]]
            .map(([what, name]) => getComputedStyle(document.querySelector(what))[name])"""
        )
    assert colours == ["rgb(27, 30, 35)", "rgb(31, 95, 174)", "rgb(255, 255, 255)"]


def test_each_chart_has_a_name_and_says_its_amounts(browser: Browser, pages: dict[str, Path]) -> None:
    with looking_at(browser, pages["odd"]) as sight:
        assert sight.page.locator("svg[role=img]").count() == 12
        named = sight.page.get_by_role("img", name="Owed in EUR by days past due")
        assert named.count() == 1
        words = named.get_attribute("aria-labelledby") or ""
        said = " ".join(sight.page.locator(f"#{word}").text_content() or "" for word in words.split())
        assert "not due: 1,000,000.00; 1–30: −999.50; 31–60: 0.00" in said
        ids = sight.page.evaluate("Array.from(document.querySelectorAll('[id]'), one => one.id)")
        assert len(ids) == len(set(ids))
