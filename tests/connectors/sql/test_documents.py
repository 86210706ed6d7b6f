"""PDFs kept in the database, and paths of PDFs that the database knows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from arfeed import SourceError
from arfeed.documents.finding import find
from arfeed_connectors.sql import Sql
from support.databases.tables import DRIVERS, one_row, sql, table
from support.feeds.sources import opened
from support.files.pdfs import pdf, write_pdfs

ATTACHMENTS = "SELECT name AS invoice_ref, version, content FROM attachments"
BLOBS = {"sqlite": "BLOB", "postgresql": "BYTEA", "mariadb": "LONGBLOB"}


@pytest.fixture(params=BLOBS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        place = f"sqlite:///{tmp_path / 'books.db'}"
    else:
        place = request.getfixturevalue("postgresql" if request.param == "postgresql" else "mariadb_url")
    return table(place, "attachments", f"name CHAR(20), version INT, content {BLOBS[request.param]}")


def attach(url: str, *rows: tuple[str, int, bytes | None]) -> Sql:
    address = sa.make_url(url)
    engine = sa.create_engine(address.set(drivername=DRIVERS.get(address.drivername, address.drivername)))
    with engine.begin() as connection:
        for name, version, content in rows:
            values = {"name": name, "version": version, "content": content}
            connection.execute(sa.text("INSERT INTO attachments VALUES (:name, :version, :content)"), values)
    engine.dispose()
    return sql(url, query="SELECT 1", document_query=ATTACHMENTS)


def test_the_pdfs_of_the_invoices_are_listed_by_version_and_read_when_needed(url: str) -> None:
    source = attach(url, ("INV/1", 3, pdf("one")), ("INV-2", 1, pdf("two")), ("OLD-9", 1, None))
    found = {document.invoice_ref: document for document in source.documents(pd.Series(["INV/1", "INV-2", "INV-3"]))}
    assert {ref: document.version for ref, document in found.items()} == {"INV/1": "3", "INV-2": "1"}
    assert found["INV/1"].read() == pdf("one")
    assert found["INV-2"].read() == pdf("two")


def test_listing_leaves_the_contents_in_the_database(url: str) -> None:
    source = attach(url, ("INV-1", 1, b"x" * 100))
    asked: list[str] = []
    with source._database.snapshot() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    [document] = source.documents(pd.Series(["INV-1"]))
    selects = [statement for statement in asked if "attachments" in statement]
    assert [statement.partition(" FROM")[0] for statement in selects] == ["SELECT invoice_ref, version"]
    assert document.read() == b"x" * 100


def test_several_pdfs_of_one_invoice_are_a_problem_of_that_document_only(url: str) -> None:
    source = attach(url, ("INV-1", 1, pdf()), ("INV-1", 2, pdf()))
    [document] = source.documents(pd.Series(["INV-1"]))
    assert document.version == "1 2"
    with pytest.raises(SourceError, match="finds 2 PDFs for this invoice; let it choose one"):
        document.read()


def test_a_document_query_without_its_three_columns_is_found_by_check(url: str) -> None:
    sql(url, query="SELECT 1 AS a", document_query=ATTACHMENTS).check()
    with pytest.raises(SourceError, match="erp: the database reports"):
        sql(url, query="SELECT 1 AS a", document_query="SELECT name AS invoice_ref, content FROM attachments").check()


def test_a_source_without_a_document_query_has_none(url: str) -> None:
    assert list(sql(url, query="SELECT 1").documents(pd.Series(["INV-1"]))) == []


def test_a_column_document_names_files_below_the_folder_of_plugins_toml(tmp_path: Path, url: str) -> None:
    write_pdfs(tmp_path / "pdf", "one.pdf")
    source = one_row(url, "'pdf/one.pdf' AS document")
    found = find([source], opened(source), tmp_path)
    assert found.readers["erp", "INV-1"]() == pdf("one.pdf")
