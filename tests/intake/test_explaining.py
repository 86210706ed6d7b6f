"""Sources are asked what became of invoices that they no longer list; their answers are held to what lists are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, cast

import pandas as pd
import pytest

from arfeed import ProblemsError, SourceError, SourceSettings
from arfeed.intake.explaining import ask_sources, release_all
from support.feeds.plans import invoices
from support.feeds.sources import Given, rows


class Asked(Given):
    """A source that answers what it is told to, and keeps what it was asked."""

    def __init__(self, source: str, settings: SourceSettings, answers: Callable[[pd.DataFrame], Any]) -> None:
        super().__init__(source, settings)
        self.answers = answers
        self.asked: list[pd.DataFrame] = []
        self.released = 0

    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        self.asked.append(missing)
        return cast("pd.DataFrame | None", self.answers(missing))

    def release(self) -> None:
        self.released += 1
        raise SystemExit("it cannot let go")


def asked(answers: Callable[[pd.DataFrame], Any], name: str = "erp", **settings: Any) -> Asked:
    return Asked(name, SourceSettings.model_validate(settings), answers)


def answering(**columns: Any) -> Asked:
    """A source that answers with one frame of text, whatever it is asked."""
    return asked(lambda missing: rows(**columns))


def problems(source: Asked) -> str:
    with pytest.raises(ProblemsError) as caught:
        ask_sources([source], invoices())
    return "\n".join(caught.value.problems)


def failure(source: Asked) -> str:
    with pytest.raises(SourceError) as caught:
        ask_sources([source], invoices())
    assert not isinstance(caught.value, ProblemsError)
    return str(caught.value)


def test_a_source_is_asked_about_its_own_rows_and_those_of_an_adopted_report() -> None:
    erp, shop, till = (asked(lambda _: None, name) for name in ("erp", "shop", "till"))
    answers = ask_sources([erp, shop, till], invoices(3, source=["erp", "shop", "erp"]))
    assert [source.asked[0]["invoice_ref"].tolist() for source in (erp, shop)] == [["A1", "A3"], ["A2"]]
    assert (till.asked, len(answers)) == ([], 0)
    ask_sources([erp, till], invoices(2, source=["erp", ""]))
    assert [source.asked[-1]["invoice_ref"].tolist() for source in (erp, till)] == [["A1", "A2"], ["A2"]]


def test_it_gets_what_was_delivered_last_under_its_own_number() -> None:
    erp = asked(lambda _: None)
    missing = invoices(["X-A1"], source_ref="A1", memo="late").assign(
        branch="Kent", reason="gone", evidence="unexplained", arfeed_file="a.csv", arfeed_place=7
    )
    ask_sources([erp], missing)
    (told,) = erp.asked
    row = told.to_dict("records")[0]
    assert (row["invoice_ref"], row["memo"], row["branch"], row["customer_id"]) == ("A1", "late", "Kent", "C-X-A1")
    assert (row["issued_on"], row["balance"]) == (date(2026, 4, 1), Decimal(10))
    assert {"reason", "evidence", "source", "source_ref", "status", "arfeed_file", "arfeed_place"}.isdisjoint(told)


def test_it_gets_its_own_values_from_before_a_transform() -> None:
    erp = asked(lambda _: None)
    said = {"customer_id": "C-1", "customer_name": "Ada Ltd", "currency": "EUR"}
    kept = {f"arfeed_source_{name}": pd.Series([text], dtype="str") for name, text in said.items()}
    ask_sources([erp], invoices(customer_id="GROUP").assign(**kept))
    assert {name: erp.asked[0][name][0] for name in said} == said


def test_what_it_does_to_its_question_changes_nothing_here() -> None:
    def scribble(missing: pd.DataFrame) -> None:
        missing["invoice_ref"] = "B9"
        del missing["balance"]

    missing = invoices()
    ask_sources([asked(scribble)], missing)
    pd.testing.assert_frame_equal(missing, invoices())


def test_its_answer_is_typed_like_its_list() -> None:
    answer = rows(issued_on="07/04/2026", status="paid", balance="0", amount="1200.50", currency="")
    source = asked(lambda _: answer, dates="DMY", currency="EUR")
    (row,) = ask_sources([source], invoices()).to_dict("records")
    assert (row["source"], row["status"], row["currency"]) == ("erp", "paid", "EUR")
    assert (row["issued_on"], row["amount"], row["balance"]) == (date(2026, 4, 7), Decimal("1200.5"), Decimal(0))


@pytest.mark.parametrize("by", ["settings", "connector"])
def test_its_answer_may_have_its_own_headers_or_canonical_ones(by: str) -> None:
    headers = {"invoice_ref": "Number", "status": "State"}
    for theirs in ({"Number": ["A1"], "State": ["void"]}, {"invoice_ref": ["A1"], "status": ["void"]}):
        frame = rows().drop(columns="invoice_ref").assign(**theirs)
        source = asked(partial(_same, frame), columns=headers if by == "settings" else {})
        source.columns = headers if by == "connector" else {}  # type: ignore[misc]
        (row,) = ask_sources([source], invoices()).to_dict("records")
        assert (row["invoice_ref"], row["status"]) == ("A1", "void")


def _same(answer: pd.DataFrame, _: pd.DataFrame) -> pd.DataFrame:
    return answer


def test_typed_answers_are_taken_as_they_are() -> None:
    source = asked(lambda missing: missing.assign(status="paid", balance="0"))
    answers = ask_sources([source], invoices(2))
    assert answers["status"].tolist() == ["paid", "paid"]
    assert answers["issued_on"].tolist() == [date(2026, 4, 1)] * 2


def test_what_is_closed_needs_no_balance_and_no_customer_just_as_in_a_list() -> None:
    (row,) = ask_sources([answering(status="paid", balance="", customer_name="")], invoices()).to_dict("records")
    assert (row["invoice_ref"], row["status"]) == ("INV-1", "paid")


def test_answers_of_several_sources_are_joined() -> None:
    erp, shop = (asked(lambda _: rows(status="paid", balance="0"), name) for name in ("erp", "shop"))
    answers = ask_sources([erp, shop], invoices(2, source=["erp", "shop"]))
    assert answers["source"].tolist() == ["erp", "shop"]


@pytest.mark.parametrize("answer", [None, pd.DataFrame(), rows().iloc[:0]], ids=["none", "no frame", "no rows"])
def test_a_source_that_knows_nothing_explains_nothing(answer: pd.DataFrame | None) -> None:
    assert len(ask_sources([asked(lambda _: answer)], invoices())) == 0


# --- bad answers ------------------------------------------------------------------------------------------------------


def test_an_answer_without_a_status_is_refused() -> None:
    assert failure(answering()) == (
        "erp: its answer about missing invoices has no status, so it explains nothing; let it state for each invoice "
        "whether it is open, paid, void or draft"
    )


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"status": "written off"}, "'written off' is not one of open, paid, void, draft"),
        ({"status": ""}, "'' is not one of open, paid, void, draft"),
        ({"status": "paid", "balance": "7"}, "7"),
        ({"status": "open", "balance": ""}, "'' is not a balance"),
        ({"status": "paid", "balance": "0", "currency": "GPB"}, "'GPB' is not an ISO 4217 currency code"),
        ({"status": "paid", "balance": "0", "issued_on": "soon"}, "'soon' is not a date"),
        ({"status": "open", "customer_name": ""}, "'' is blank"),
    ],
    ids=["status", "no status", "paid with a balance", "no balance", "currency", "date", "no customer"],
)
def test_a_bad_row_of_an_answer_is_a_problem_as_in_a_list(columns: dict[str, str], said: str) -> None:
    found = problems(answering(**columns))
    assert said in found
    assert "erp" in found


@pytest.mark.parametrize("answer", [["paid"], {"A1": "paid"}, "paid", 1], ids=["list", "mapping", "text", "number"])
def test_an_answer_that_is_not_a_table_is_refused(answer: object) -> None:
    assert failure(asked(lambda _: answer)).startswith("erp: ")


def test_floats_are_refused_by_name() -> None:
    assert "balance" in failure_or_problem(answering(status="paid", balance=0.0))


def failure_or_problem(source: Asked) -> str:
    with pytest.raises(SourceError) as caught:
        ask_sources([source], invoices())
    return str(caught.value)


@pytest.mark.parametrize(
    "exc", [RuntimeError("locked"), KeyError("status"), SystemExit(0)], ids=lambda exc: type(exc).__name__
)
def test_a_source_that_raises_has_failed(exc: BaseException) -> None:
    def raising(_: pd.DataFrame) -> None:
        raise exc

    assert failure(asked(raising)) == f"erp: explain(): {type(exc).__name__}: {exc}"


def test_what_a_source_says_itself_of_its_failure_is_left_as_it_is() -> None:
    def raising(_: pd.DataFrame) -> None:
        raise SourceError("erp: the closed query takes two minutes; say timeout_seconds")

    assert failure(asked(raising)) == "erp: the closed query takes two minutes; say timeout_seconds"


# --- letting go -------------------------------------------------------------------------------------------------------


def test_every_source_is_let_go_though_one_cannot() -> None:
    sources = [asked(lambda _: None, name) for name in ("erp", "shop")]
    with release_all(sources):
        assert [source.released for source in sources] == [0, 0]
    assert [source.released for source in sources] == [1, 1]


def test_they_are_let_go_after_a_failure_too() -> None:
    source = asked(lambda _: None)
    with pytest.raises(ZeroDivisionError), release_all([source]):
        raise ZeroDivisionError
    assert source.released == 1
