"""What is told: enough to act on, and not a whole ledger in a chat."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from socket import gethostname

import pytest

from arfeed import DeliveredFile, Failure, Objection, Plan, Receipt
from arfeed.testing import SAMPLE, Invoice, plan
from arfeed_connectors.notify.message import of_delivery, of_failure, of_refusal
from arfeed_connectors.notify.webhook import as_text

BEFORE = [Invoice(f"OLD-{number}", Decimal(number * 100), customer_name=f"Customer {number}") for number in range(1, 6)]


def refused(**changes: object) -> Plan:
    objections = (Objection("unexplained", "OLD-1 and more"), Objection("missing-share", "too much"))
    values: dict[str, object] = {"objections": objections, "approval": "5-9f3c2a", **changes}
    return replace(plan(SAMPLE, [*SAMPLE[:2], *BEFORE]), **values)  # type: ignore[arg-type]


def test_a_refusal_has_sums_counts_the_largest_missing_the_objections_and_what_to_type() -> None:
    message = of_refusal(refused())
    assert message.heading == "✗ sample: refused, nothing was delivered"
    assert message.lines == (
        "5 open, 1,673.49 EUR",
        "3 new, 0 changed, 2 unchanged",
        "5 would be marked as paid",
        "  OLD-5 Customer 5 500.00 EUR: paid",
        "  OLD-4 Customer 4 400.00 EUR: paid",
        "  OLD-3 Customer 3 300.00 EUR: paid",
        "  … and 2 more",
        "Objections: unexplained, missing-share",
        "For sftp://sample@example.com:22/",
        "Read the whole plan: arfeed plan",
        "If it is right: arfeed sync --approve 5-9f3c2a",
    )


def test_the_largest_of_each_currency_are_told_in_turn() -> None:
    yen = [Invoice(f"YEN-{number}", Decimal(number * 100_000), currency="JPY") for number in range(1, 5)]
    pounds = [Invoice("GBP-1", Decimal(95_000), currency="GBP"), Invoice("GBP-2", Decimal(-5), currency="GBP")]
    missing = plan(SAMPLE, [*SAMPLE[:2], *yen, *pounds])
    body = {
        "feed": "sample",
        "counts": missing.counts._asdict(),
        "totals": [],
        "missing": missing.missing[["invoice_ref", "customer_name", "currency", "balance", "reason"]]
        .astype("str")
        .to_dict("records"),
        "approval": None,
    }
    file = DeliveredFile("", "r.csv", 1, "ab")
    receipt = Receipt("run", "file:///out/", file, (), {}, json.dumps(body), verified=True)
    for message in (of_refusal(missing), of_delivery(receipt)):
        named = [line.split()[0] for line in message.lines if line.startswith("  ")]
        assert named == ["GBP-1", "YEN-4", "GBP-2", "…"]


def test_a_refusal_leads_to_the_board_if_there_is_one() -> None:
    lines = of_refusal(refused(board="https://board.example.com/feeds/acme")).lines
    assert lines[-3:-1] == (
        "Read and approve it on the board: https://board.example.com/feeds/acme",
        "Read the whole plan: arfeed plan",
    )


def test_a_refusal_that_no_approval_covers_names_none() -> None:
    lines = of_refusal(refused(approval=None)).lines
    assert lines[-1] == "Read the whole plan: arfeed plan"


def test_what_to_type_names_the_file_and_the_machine_where_it_lies() -> None:
    config = Path("/srv/feeds/acme uk/plugins.toml")
    assert of_refusal(refused(config=config)).lines[-3:] == (
        f"On {gethostname()}, in /srv/feeds/acme uk",
        "Read the whole plan: arfeed plan --config '/srv/feeds/acme uk/plugins.toml'",
        "If it is right: arfeed sync --config '/srv/feeds/acme uk/plugins.toml' --approve 5-9f3c2a",
    )
    failed = of_failure(Failure("acme", "file:///out/", "it broke", 5, config))
    assert failed.lines[-2] == f"On {gethostname()}, in /srv/feeds/acme uk"
    assert failed.lines[-1].count("--config '/srv/feeds/acme uk/plugins.toml'") == 2


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6])
def test_a_failure_says_what_to_do_next(code: int) -> None:
    message = of_failure(Failure("acme", "file:///out/", "it broke", code))
    assert message.heading == f"✗ acme: failed with exit code {code}"
    assert message.lines[0] == "it broke"
    assert "arfeed" in message.lines[-1] or code == 6


def test_a_failure_of_many_lines_is_shortened() -> None:
    error = "\n".join(["x" * 1000, *(f"row {number}" for number in range(50))])
    lines = of_failure(Failure("acme", "file:///out/", error, 4)).lines
    assert lines[0] == "x" * 299 + "…"
    assert lines[5] == "… and 46 more lines"
    assert len(lines) == 8


def test_nothing_from_an_invoice_calls_links_formats_or_breaks_a_line() -> None:
    name = "<!channel> <https://evil.example|pay here> ```\u202e*b*\nnext"
    text = as_text(of_refusal(replace(plan(SAMPLE, [Invoice("X", Decimal(1), customer_name=name)]), approval="1-a")))
    assert "  X &lt;!channel&gt; &lt;https://evil.example|pay here&gt; ''' *b* next 1.00 EUR: paid\n" in text
    assert text.count("```") == 2


def test_the_docs_show_a_message_as_it_is() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "notifications.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    before = [
        Invoice("INV-1010", Decimal("3377.09"), customer_name="Café Sémaphore SARL", currency="GBP"),
        Invoice("INV-1004", Decimal("3348.00"), customer_name="Harbour Lights (Hotels) plc", currency="GBP"),
        *(Invoice(f"INV-{number}", Decimal(number), currency="GBP") for number in (1, 2, 3)),
    ]
    report = [Invoice("INV-7", Decimal("68838.72"), currency="GBP")]
    objection = Objection("unexplained", "one is gone")
    config = Path("/srv/feeds/acme/plugins.toml")
    refused = replace(plan(report, before), feed="acme", objections=(objection,), approval="5-f80ed3", config=config)
    message = of_refusal(refused)
    lines = [message.heading, *message.lines]
    assert [_shape(line) for line in shown.splitlines()] == [_shape(line) for line in lines]


def _shape(line: str) -> str:
    """Leave out what differs from feed to feed: numbers of documents, the third invoice, the destination."""
    if line.startswith("  ") and "…" not in line:
        return "  REF CUSTOMER AMOUNT CURRENCY: REASON"
    return re.sub(r"\b\d+\b(?! would)|\S+@\S+", "#", re.sub("^On .+, in ", "On HOST, in ", line))
