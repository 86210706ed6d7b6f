"""dlt's resources: the whole of what they yield, and nothing of dlt's own machinery."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed import Complete, SourceError
from arfeed_connectors.dlt import Dlt
from support.feeds.command import run, write
from support.feeds.sources import balances, complete, failure, opened, problems, read

HEAD = """
from datetime import date
from decimal import Decimal
import dlt

def row(number, balance="10.00", **more):
    plain = {"number": number, "customer": {"name": "Ada"}, "issued_on": date(2026, 4, 7), "currency": "GBP"}
    return {**plain, "balance": Decimal(balance), **more}
"""
COLUMNS = {"invoice_ref": "number", "customer_name": "customer.name"}


def dlt_source(folder: Path, code: str, resource: str = "erp:invoices", **settings: Any) -> Dlt:
    """A source whose module `erp` has this code."""
    folder.mkdir(exist_ok=True)
    folder.joinpath("erp.py").write_text(HEAD + code, encoding="utf-8")
    told = {"resource": resource, "columns": COLUMNS, **settings}
    return Dlt("erp", Dlt.Settings.model_validate(told, context={"folder": folder}))


PLAIN = """
@dlt.resource(primary_key="number", write_disposition="merge")
def invoices(count: int = 2):
    yield [row(f"INV-{number}") for number in range(count)]
    yield [row("INV-0", "7.25")]
"""


def test_the_last_record_of_a_primary_key_counts(tmp_path: Path) -> None:
    rows = read(dlt_source(tmp_path, PLAIN))
    assert list(balances(rows).items()) == [("INV-0", Decimal("7.25")), ("INV-1", Decimal(10))]
    assert rows["issued_on"].tolist() == [date(2026, 4, 7)] * 2
    assert rows["customer_name"].tolist() == ["Ada", "Ada"]


@pytest.mark.parametrize("disposition", ["append", "merge", "replace"])
def test_how_dlt_would_write_it_changes_nothing(tmp_path: Path, disposition: str) -> None:
    assert len(read(dlt_source(tmp_path, PLAIN.replace("merge", disposition)))) == 2


def test_a_key_may_have_parts_and_without_one_every_record_stands_for_itself(tmp_path: Path) -> None:
    code = PLAIN.replace('primary_key="number"', 'primary_key=["number", "currency"]')
    assert len(read(dlt_source(tmp_path, code))) == 2
    assert len(read(dlt_source(tmp_path, PLAIN.replace('primary_key="number", ', "")))) == 3


def test_the_function_is_called_with_its_arguments(tmp_path: Path) -> None:
    assert len(read(dlt_source(tmp_path, PLAIN, arguments={"count": 5}))) == 5


def test_a_function_may_make_its_resource(tmp_path: Path) -> None:
    code = PLAIN + "def made(count):\n    return invoices(count).add_map(lambda item: {**item, 'memo': 'mapped'})\n"
    assert read(dlt_source(tmp_path, code, "erp:made", arguments={"count": 2}))["memo"].tolist() == ["mapped"] * 2


def test_a_resource_of_data_is_read_too(tmp_path: Path) -> None:
    assert len(read(dlt_source(tmp_path, "invoices = dlt.resource([row('INV-1')], name='invoices')\n"))) == 1


def test_a_transformer_is_read_with_what_it_reads_from(tmp_path: Path) -> None:
    code = (
        PLAIN
        + "@dlt.transformer\ndef dear(items):\n    yield [{**item, 'balance': item['balance'] * 2} for item in items]\n"
    )
    code += "def both():\n    return invoices() | dear\n"
    assert balances(read(dlt_source(tmp_path, code, "erp:both")))["INV-1"] == Decimal(20)


INCREMENTAL = """
@dlt.resource
def invoices(updated: {annotation} = {default}):
    yield row("INV-1", updated=7)
"""
SINCE = 'dlt.sources.incremental("updated", initial_value=1)'


@pytest.mark.parametrize(
    "code",
    [
        INCREMENTAL.format(annotation="dlt.sources.incremental[int]", default=SINCE),
        PLAIN + f"invoices.apply_hints(incremental={SINCE})\n",
        INCREMENTAL.format(annotation="dlt.sources.incremental[int]", default=SINCE).replace("invoices", "parent")
        + "@dlt.transformer(data_from=parent)\ndef invoices(item):\n    yield item\n",
    ],
    ids=["argument", "hint", "parent"],
)
def test_an_incremental_resource_is_refused(tmp_path: Path, code: str) -> None:
    assert "is incremental: it gives what changed, which would mark the rest as paid" in failure(
        dlt_source(tmp_path, code)
    )


def test_a_resource_that_could_be_incremental_but_is_not_is_read(tmp_path: Path) -> None:
    code = INCREMENTAL.format(annotation="dlt.sources.incremental[int] | None", default="None")
    assert len(read(dlt_source(tmp_path, code))) == 1


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (PLAIN + "invoices.add_limit(1)\n", "invoices has a limit (add_limit): the rest would be marked as paid"),
        (PLAIN.replace('"merge"', '"skip"'), 'invoices has write_disposition = "skip"'),
        (PLAIN + "invoices.apply_hints(columns={'gone': {'hard_delete': True}})\n", "invoices has the hint hard_d"),
        (PLAIN + "invoices.apply_hints(columns={'at': {'dedup_sort': 'desc'}})\n", "invoices has the hint dedup_sort"),
        (PLAIN + "invoices.apply_hints(table_name=lambda item: 'x')\n", "invoices has a table_name that changes"),
    ],
    ids=["limit", "skip", "hard delete", "dedup sort", "tables"],
)  # fmt: skip
def test_what_is_no_whole_table_is_refused_before_it_is_read(tmp_path: Path, code: str, said: str) -> None:
    source = dlt_source(tmp_path, code)
    assert failure(source).startswith(f"erp: erp:invoices: {said}")
    with pytest.raises(SourceError):
        source.check()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def invoices():\n    return [row('INV-1')]\n", "it returns list, which is not a resource; put @dlt.resource"),
        ("x = 1\n", "AttributeError: module 'erp' has no attribute 'invoices'"),
        ("def (\n", "SyntaxError: "),
        (PLAIN.replace("yield [row(\"", "raise ValueError('gone')\n    yield [row(\""), "ResourceExtractionError: "),
        (PLAIN.replace('yield [row("INV-0", "7.25")]', 'yield {"number": "INV-9", "balance": 1.5}'), "balance is the"),
        (PLAIN.replace('yield [row("INV-0", "7.25")]', "yield 7"), "invoices yields int; let it yield"),
        (PLAIN.replace('yield [row("INV-0", "7.25")]', 'yield {"n": 1}'), "invoices: a record has no 'number'"),
    ],
    ids=["no resource", "no function", "syntax", "raises", "float", "no record", "no key"],
)  # fmt: skip
def test_a_resource_that_fails_is_refused_by_name(tmp_path: Path, code: str, said: str) -> None:
    assert failure(dlt_source(tmp_path, code)).startswith(f"erp: erp:invoices: {said}")


def test_a_module_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "No module named 'no_such'" in failure(dlt_source(tmp_path, "", "no_such:invoices"))


def test_arguments_are_never_shown(tmp_path: Path) -> None:
    code = "@dlt.resource\ndef invoices(token):\n    raise ValueError('refused: ' + token)\n    yield\n"
    source = dlt_source(tmp_path, code, arguments={"token": "hunter2"})
    assert "refused: ***" in failure(source)
    assert "hunter2" not in repr(source.settings) + str(source.settings.model_dump(mode="json"))


def test_modules_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    code = "from shop import NAME\n@dlt.resource\ndef invoices():\n    yield row(NAME)\n"
    sources = [dlt_source(tmp_path / name, code) for name in ("uk", "de")]
    for name in ("uk", "de"):
        tmp_path.joinpath(name, "shop.py").write_text(f"NAME = {name!r}\n")
    assert [read(source)["invoice_ref"].tolist() for source in sources] == [["uk"], ["de"]]
    assert not {"erp", "shop"} & sys.modules.keys()
    assert str(tmp_path / "uk") not in sys.path


def test_a_module_that_another_hides_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("json.py").write_text("")
    said = failure(dlt_source(tmp_path, "", "json:invoices"))
    assert "another module 'json' is loaded already" in said
    assert said.endswith(f"rename {tmp_path / 'json.py'}")


def test_status_kind_and_sign_are_as_the_settings_say(tmp_path: Path) -> None:
    code = (
        "@dlt.resource\ndef invoices():\n    yield [row('I-1', state='A', type='X'), row('C-1', state='A', type='C')]\n"
    )
    source = dlt_source(
        tmp_path,
        code,
        columns={**COLUMNS, "status": "state", "kind": "type"},
        values={"status": {"A": "open"}, "kind": {"X": "invoice", "C": "credit_note"}},
        credits_positive=True,
    )
    assert balances(opened(source)) == {"I-1": Decimal(10), "C-1": Decimal(-10)}


def test_a_resource_has_no_control(tmp_path: Path) -> None:
    said = complete(dlt_source(tmp_path, PLAIN))
    assert said == Complete(notes=said.notes)
    assert said.notes[0].startswith("erp:invoices read with dlt ")


def test_problems_are_named_by_resource_and_key(tmp_path: Path) -> None:
    said = problems(dlt_source(tmp_path, PLAIN.replace('"7.25"', '"7.25", currency="Pound"')))
    assert said[1].startswith("invoices INV-0, column currency: 'Pound'")


FEED = """
plugins = ["dlt", "kolleno"]
[sources.erp]
use = "dlt"
resource = "erp:invoices"
columns = { invoice_ref = "number", customer_name = "customer.name" }
[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""


def test_a_run_leaves_nothing_of_dlt_behind(tmp_path: Path) -> None:
    folder, home = tmp_path / "feed", tmp_path / "home"
    home.mkdir()
    folder.mkdir()
    folder.joinpath("out").mkdir()
    code = PLAIN + "def keeping():\n    return invoices().add_map(remember)\n"
    code += "def remember(item):\n    dlt.current.resource_state()['seen'] = 1\n    return item\n"
    folder.joinpath("erp.py").write_text(HEAD + code)
    write(folder, FEED.replace("erp:invoices", "erp:keeping"))
    done = run(folder, "plan", env={"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.code == 3
    assert "note: erp: erp:keeping read with dlt " in done.out
    assert sorted(path.name for path in folder.iterdir()) == [".arfeed", "erp.py", "out", "plugins.toml"]
    assert not [*home.rglob("*dlt*")]
