"""Whose database it is: what `init` proposes, and what it read that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed import Proposal
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.presets import PRESETS
from support.databases.books import BOOKS
from support.databases.tables import execute, place, quoted, sql, table
from support.erps.erpnext_scenes import site
from support.erps.frontaccounting import FRONTACCOUNTING
from support.erps.kivitendo import KIVITENDO

PROVISIONAL = dict(Sql.provisional)


def proposed(url: str) -> list[Proposal]:
    return [*sql(url, **PROVISIONAL).proposals()]


@pytest.mark.parametrize("name", BOOKS)
def test_each_program_is_known_by_its_tables_and_by_no_others(tmp_path: Path, name: str) -> None:
    found = proposed(BOOKS[name].write(f"sqlite:///{tmp_path / 'books.db'}"))
    assert {each.settings["preset"] for each in found} == {name}
    prefix = BOOKS[name].settings.get("table_prefix")
    assert {each.settings.get("table_prefix") for each in found} == {prefix}
    assert f"the tables of {PRESETS[name].about}" in found[0].because


def test_children_of_sql_ledger_are_told_apart(postgresql: str) -> None:
    (found,) = proposed(KIVITENDO.write(postgresql))
    assert found.settings == {"preset": "kivitendo"}
    assert "(acc_trans, ar, chart, currencies, customer, defaults, exchangerate)" in found.because


def test_each_company_of_a_database_is_a_proposal_of_its_own(mariadb_url: str) -> None:
    url = site().write(mariadb_url)
    table(url, "tabInstalled Application", "app_name VARCHAR(20), app_version VARCHAR(20)", ("erpnext", "15.99.1"))
    found = proposed(url)
    assert [each.settings for each in found] == [
        {"preset": "erpnext", "company": company} for company in ("Nordlicht", "Ostlicht", "Südlicht")
    ]
    assert found[1].because == (
        "the database has the tables of ERPNext 14 and later, and says that it is version 15.99.1, "
        "with open invoices of Ostlicht"
    )


def test_each_prefix_of_frontaccounting_is_a_company(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = FRONTACCOUNTING.write(place(request, "mariadb", tmp_path))
    for name in FRONTACCOUNTING.tables:
        execute(url, f"CREATE TABLE `{name.replace('0_', '1_', 1)}` LIKE `{name}`")
    assert [each.settings for each in proposed(url)] == [
        {"preset": "frontaccounting"},
        {"preset": "frontaccounting", "table_prefix": "1_"},
    ]


def test_another_version_whose_tables_have_other_columns_is_not_proposed(postgresql: str) -> None:
    url = KIVITENDO.write(postgresql)
    execute(url, f"ALTER TABLE {quoted(url, 'ar')} RENAME COLUMN storno TO cancelled")
    assert proposed(url) == []


def test_an_unknown_database_has_no_proposal(tmp_path: Path) -> None:
    assert proposed(table(f"sqlite:///{tmp_path / 'books.db'}", "invoices", "number TEXT", ("1",))) == []
