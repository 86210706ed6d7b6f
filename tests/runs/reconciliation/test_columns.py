"""A column that may carry the news is not passed over for one that agrees better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.model.settings import ReconcileSettings
from arfeed.runs.reconciliation.export import Export, read_export
from support.files.receiver_lists import HEADINGS, Row, delivered, judged, outcomes, read, sent, write_csv

ROWS = sent(30)
PAID = ("INV-0003", "INV-0007", "INV-0012", "INV-0017", "INV-0028")


def with_column(value: Callable[[Row], str]) -> list[Row]:
    """The rows that were sent, each with another column."""
    return [{**row, "other": value(row)} for row in ROWS]


def left(row: Row) -> str:
    return "0.00" if row["invoice_ref"] in PAID else row["balance"]


def received(row: Row) -> str:
    return row["balance"] if row["invoice_ref"] in PAID else "0.00"


def saved(folder: Path, balance: str, other: str, rows: list[Row]) -> Path:
    headings = {"invoice_ref": "Invoice", "customer_name": "Customer", "balance": balance, "other": other}
    return write_csv(folder / "open.csv", rows, headings=headings)


class Answering:
    """Somebody who always chooses the last."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        del question, option, default
        return [*choices][-1]


def answered(file: Path) -> Export:
    return read_export(file, ReconcileSettings(), delivered(ROWS), Answering())


@pytest.mark.parametrize("headings", [("Amount", "Left"), ("Total", "To come"), ("c3", "c4")])
def test_a_total_beside_another_amount_is_asked_about(tmp_path: Path, headings: tuple[str, str]) -> None:
    file = saved(tmp_path, *headings, with_column(left))
    with pytest.raises(ConfigError) as raised:
        read(file, ROWS)
    if headings[0] == "c3":
        # Nothing says that this is what is open, or was.
        assert "'c3': it has what was sent in 30 of 30 rows. Which column" in str(raised.value)
        assert "The choices are c3, c4" in str(raised.value)
        return
    assert f"{headings[1]!r}: " in str(raised.value)
    assert f"; different from {headings[0]!r} in 5 rows" in str(raised.value)
    # It stands in no line that is pasted without a look.
    assert (
        f'for {headings[1]!r}, columns.balance = "{headings[1]}" in [destination.reconcile] if that is what is open; '
        "or name it in ignore once you have seen that it closes nothing"
    ) in str(raised.value)
    assert "ignore = [" not in str(raised.value)
    verdict = judged(file, delivered(ROWS), columns={"balance": headings[1]}, ignore=[headings[0]])
    assert [ref for ref, (outcome, _) in outcomes(verdict).items() if outcome == "paid there"] == [*PAID]


def test_half_of_the_invoices_paid_are_no_reason_to_take_the_total(tmp_path: Path) -> None:
    rows = [{**row, "other": row["balance"] if number % 2 else "0.00"} for number, row in enumerate(ROWS)]
    with pytest.raises(ConfigError, match="different from 'Amount' in 15 rows"):
        read(saved(tmp_path, "Amount", "Left", rows), ROWS)


def test_two_balances_that_differ_are_asked_about_however_well_one_agrees(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different from 'Balance' in 5 rows"):
        read(saved(tmp_path, "Balance", "Current balance", with_column(left)), ROWS)


def test_an_amount_that_is_blank_where_the_total_is_not_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different from 'Amount' in 5 rows"):
        read(saved(tmp_path, "Amount", "Left", with_column(lambda row: left(row).replace("0.00", ""))), ROWS)


@pytest.mark.parametrize("heading", ["Amount paid", "Paid", "Amount received", "Bezahlt"])
def test_what_was_paid_beside_a_total_is_asked_about(tmp_path: Path, heading: str) -> None:
    file = saved(tmp_path, "Total", heading, with_column(received))
    with pytest.raises(ConfigError) as raised:
        read(file, ROWS)
    assert f'columns = {{ amount = "Total", paid = "{heading}" }} in [destination.reconcile] if what is open is' in (
        str(raised.value)
    )
    verdict = judged(file, delivered(ROWS), columns={"amount": "Total", "paid": heading})
    assert [ref for ref, (outcome, _) in outcomes(verdict).items() if outcome == "paid there"] == [*PAID]
    with pytest.raises(ConfigError, match=f"^'{heading}': say columns = "):
        answered(file)


def test_all_of_it_paid_is_asked_about_although_both_columns_are_the_same(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'Amount paid': .*; it may be what was paid of another column"):
        read(saved(tmp_path, "Total", "Amount paid", with_column(lambda row: row["balance"])), ROWS)


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Amount paid", lambda _: "0.00"),
        ("Gross", lambda row: row["balance"]),
        ("Invoice date", lambda row: row["issued_on"]),
    ],
)
def test_a_total_beside_what_cannot_be_open_is_the_balance(
    tmp_path: Path, heading: str, value: Callable[[Row], str]
) -> None:
    file = saved(tmp_path, "Total", heading, with_column(value))
    assert read(file, ROWS).columns["balance"] in ("Total", "Gross")
    assert judged(file, delivered(ROWS)).outcome == "same"


def test_a_heading_that_is_the_balance_is_taken_whatever_stands_beside_it(tmp_path: Path) -> None:
    rows = with_column(lambda row: f"{float(row['balance']) + 7:.2f}")
    file = saved(tmp_path, "Balance", "Left", rows)
    with pytest.raises(ConfigError, match="different from 'Balance' in 30 rows"):
        read(file, ROWS)
    assert read(file, ROWS, ignore=["Left"]).columns["balance"] == "Balance"


def test_names_that_were_sent_for_other_invoices_are_compared(tmp_path: Path) -> None:
    names = [row["customer_name"] for row in ROWS]
    rows = [{**row, "customer_name": name} for row, name in zip(ROWS, [*names[1:], names[0]], strict=True)]
    verdict = judged(write_csv(tmp_path / "open.csv", rows), delivered(ROWS))
    assert verdict.outcome == "differences"
    assert outcomes(verdict)["INV-0001"] == ("differs", "customer_name")


def test_names_of_which_most_were_sent_for_no_invoice_are_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "customer_name": f"Group {number}"} for number, row in enumerate(ROWS[:20])] + ROWS[20:]
    file = write_csv(tmp_path / "open.csv", rows)
    with pytest.raises(ConfigError, match=r"'Customer': Group 0 .*Group 1 .*Group 2"):
        judged(file, delivered(ROWS))
    assert judged(file, delivered(ROWS), ignore=["customer"]).outcome == "same"


def closed(row: Row) -> bool:
    return row["invoice_ref"] in PAID


@pytest.mark.parametrize(
    "heading",
    [
        "Paid on",
        "Closed on",
        "Date paid",
        "Bezahlt am",
        "Fecha de cobro",
        "Date de règlement",
        "Data incasso",
        "Zahldatum",
        "Betalingsdato",
        "Date received",
        "Deleted at",
        "Archived at",
        "Removed at",
        "Storno am",
        "Clearing",
    ],
)
@pytest.mark.parametrize("balance", ["Amount", "Balance"])
def test_a_day_of_payment_beside_an_amount_is_asked_about(tmp_path: Path, heading: str, balance: str) -> None:
    file = saved(tmp_path, balance, heading, with_column(lambda row: "2026-04-01" if closed(row) else ""))
    with pytest.raises(ConfigError) as raised:
        read(file, ROWS)
    assert f"{heading!r}: 2026-04-01; it closes 5 rows whose balance is not 0" in str(raised.value)
    assert f'or, if such rows are open all the same, name "{heading}" in ignore as "anything"' in str(raised.value)
    with pytest.raises(ConfigError, match="export only what is open"):
        answered(file)
    # A column may close invoices that it did not close when it was ignored.
    with pytest.raises(ConfigError, match=f"'{heading}': 2026-04-01"):
        judged(file, delivered(ROWS), ignore=[heading])
    assert judged(file, delivered(ROWS), ignore={heading: ["2026-04-01", ""]}).outcome == "same"


@pytest.mark.parametrize(
    ("heading", "yes", "no", "meant"),
    [
        ("Paid", "Yes", "No", "paid"),
        ("Closed", "TRUE", "FALSE", "paid"),
        ("Is settled", "1", "0", "paid"),
        ("Storniert", "Ja", "Nein", "void"),
        ("Open", "No", "Yes", "paid"),
        ("Unpaid", "n", "y", "paid"),
        ("Unpaid", "", "x", "paid"),
        ("Paid", "In full", "-", "paid"),
        ("Paid", "✓", "-", "paid"),
        ("Réglée", "Oui", "Non", "paid"),
        ("Cobrada", "Sí", "No", "paid"),
        ("Opłacona", "Tak", "Nie", "paid"),
        ("Erledigt", "Ja", "Nein", "paid"),
        ("Matched", "Yes", "No", "paid"),
        ("Enabled", "No", "Yes", "paid"),
        ("Stage", "Paid", "Walrus", "paid"),
        ("Stage", "Closed", "Open", "paid"),
    ],
)
def test_a_flag_beside_an_amount_is_asked_about(tmp_path: Path, heading: str, yes: str, no: str, meant: str) -> None:
    file = saved(tmp_path, "Amount", heading, with_column(lambda row: yes if closed(row) else no))
    with pytest.raises(ConfigError) as raised:
        read(file, ROWS)
    assert "; it closes 5 rows whose balance is not 0" in str(raised.value)
    # What is neither yes or no nor a known state has to be given a meaning by somebody who has looked.
    rest = "…" if no == "Walrus" else "open"
    told = f'{{ "{yes}" = "{meant}", "{no}" = "{rest}" }}'
    assert f'for {heading!r}, columns.status = "{heading}" and values.status = {told}' in str(raised.value)
    settings = {"columns": {"status": heading}, "values": {"status": {yes: meant, no: "open"}}}
    found = outcomes(judged(file, delivered(ROWS), **settings))  # type: ignore[arg-type]
    assert [ref for ref, (outcome, _) in found.items() if outcome == "paid there"] == [*PAID]


def test_two_states_of_which_one_closes_an_invoice_are_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "state": "Paid" if closed(row) else "Open", "other": "Open"} for row in ROWS]
    headings = {"invoice_ref": "Invoice", "balance": "Amount", "state": "Payment status", "other": "Invoice status"}
    file = write_csv(tmp_path / "open.csv", rows, headings=headings)
    with pytest.raises(ConfigError, match=r"'Payment status': Paid \(5 rows\), Open \(25 rows\); it closes 5 rows"):
        read(file, ROWS)


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("Paid", lambda _: "No"),
        ("Closed on", lambda _: ""),
        ("Closed on", lambda _: "0000-00-00"),
        ("Status", lambda row: "Open"),
    ],
)
def test_what_closes_no_invoice_is_not_asked_about(tmp_path: Path, heading: str, value: Callable[[Row], str]) -> None:
    file = saved(tmp_path, "Amount", heading, with_column(value))
    assert judged(file, delivered(ROWS)).outcome == "same"


def test_a_day_of_payment_of_what_the_status_closes_is_not_asked_about(tmp_path: Path) -> None:
    rows = [
        {**row, "status": "Paid", "on": "2026-04-01"} if closed(row) else {**row, "status": "Open", "on": ""}
        for row in ROWS
    ]
    headings = {"invoice_ref": "Invoice", "balance": "Amount", "status": "Status", "on": "Paid on"}
    file = write_csv(tmp_path / "open.csv", rows, headings=headings)
    assert [each[0] for each in outcomes(judged(file, delivered(ROWS))).values()].count("paid there") == 5


def with_symbols(folder: Path, symbols: Mapping[str, str], rows: list[Row] = ROWS, heading: str = "Currency") -> Path:
    return write_csv(
        folder / "open.csv",
        [{**row, "currency": symbols[row["currency"]]} for row in rows],
        headings={**HEADINGS, "currency": heading},
    )


def test_signs_that_can_only_mean_one_currency_are_taken(tmp_path: Path) -> None:
    export = read(with_symbols(tmp_path, {"EUR": "€", "GBP": "£"}), ROWS)
    assert export.columns["currency"] == "Currency"
    assert export.evidence["currency"] in ("€ is EUR, £ is GBP", "£ is GBP, € is EUR")
    assert judged(tmp_path / "open.csv", delivered(ROWS)).outcome == "same"


def test_a_wrong_symbol_is_a_difference(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "currency": "GBP"}, *ROWS[1:]]
    verdict = judged(with_symbols(tmp_path, {"EUR": "€", "GBP": "£"}, rows), delivered(ROWS))
    assert outcomes(verdict)["INV-0001"] == ("differs", "currency")


def beside_amounts(folder: Path, signs: Mapping[str, str], rows: list[Row]) -> Path:
    """An export without a column of currencies, in which each amount has a sign."""
    signed = [{**row, "balance": signs[row["currency"]] + row["balance"]} for row in rows]
    headings = {name: heading for name, heading in HEADINGS.items() if name != "currency"}
    return write_csv(folder / "open.csv", signed, headings=headings)


@pytest.mark.parametrize("signs", [{"EUR": "€", "GBP": "£"}, {"EUR": "EUR ", "GBP": "GBP "}])
def test_signs_and_codes_beside_the_amounts_are_the_currencies(tmp_path: Path, signs: Mapping[str, str]) -> None:
    assert judged(beside_amounts(tmp_path, signs, ROWS), delivered(ROWS)).outcome == "same"
    rows = [{**ROWS[0], "currency": "GBP"}, *ROWS[1:]]
    verdict = judged(beside_amounts(tmp_path, signs, rows), delivered(ROWS))
    assert outcomes(verdict)["INV-0001"] == ("differs", "currency")


def test_a_dollar_beside_the_amounts_is_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "currency": "USD"} for row in ROWS]
    file = beside_amounts(tmp_path, {"USD": "$"}, rows)
    with pytest.raises(ConfigError) as raised:
        read(file, rows)
    assert "the amounts in 'Outstanding' are written with '$', which may be one of several" in str(raised.value)
    assert 'values.currency = { "$" = "…" } in [destination.reconcile]' in str(raised.value)
    # Pasted without a look, it would leave another currency unseen.
    assert "values.currency = false" not in str(raised.value)
    for settings in ({"currency": "USD"}, {"values": {"currency": {"$": "USD"}}}, {"values": {"currency": False}}):
        assert judged(file, delivered(rows), **settings).outcome == "same"
    wrong = judged(file, delivered(rows), values={"currency": {"$": "CAD"}})
    assert {*outcomes(wrong).values()} == {("differs", "currency")}


def test_a_pound_is_asked_about_where_others_than_sterling_were_sent(tmp_path: Path) -> None:
    rows = [{**row, "currency": "EGP" if row["currency"] == "EUR" else "GBP"} for row in ROWS]
    with pytest.raises(ConfigError, match=r"'Currency' holds '£', which may be one of several currencies: say"):
        read(with_symbols(tmp_path, {"EGP": "£", "GBP": "£"}, rows), rows)


@pytest.mark.parametrize("code", ["EUR", "CAD"])
def test_no_meaning_of_a_dollar_is_proposed_though_one_kind_of_it_was_sent(tmp_path: Path, code: str) -> None:
    rows = [{**row, "currency": code if row["currency"] == "EUR" else "USD"} for row in ROWS]
    with pytest.raises(ConfigError) as raised:
        read(with_symbols(tmp_path, {code: "$" if code == "CAD" else "€", "USD": "$"}, rows), rows)
    assert '"$" = "…"' in str(raised.value)


def test_words_for_currencies_that_nothing_explains_are_asked_about(tmp_path: Path) -> None:
    file = with_symbols(tmp_path, {"EUR": "Euro", "GBP": "Pounds"}, heading="Währung")
    with pytest.raises(ConfigError, match=r'holds \'Pounds\', which .*\{ "Euro" = "EUR", "Pounds" = "…" \}'):
        read(file, ROWS)
    assert judged(file, delivered(ROWS), values={"currency": {"pounds": "GBP"}}).outcome == "same"


def test_currencies_left_alone_are_said_not_to_be_compared(tmp_path: Path) -> None:
    verdict = judged(with_symbols(tmp_path, {"EUR": "€", "GBP": "£"}), delivered(ROWS), values={"currency": False})
    assert verdict.outcome == "same"
    assert "currency: 'Currency' is not compared, as values.currency = false says" in verdict.notes
