"""Settings of the connector `sql`: what is refused, and what is never shown."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from arfeed import ConfigError, SourceError
from arfeed.config import read_project
from arfeed.fingerprint import settings_hash, settings_of
from arfeed_connectors.sql.presets import PRESETS
from databases import sql
from feeds import run, write

FEED = """
plugins = ["sql", "kolleno"]
[sources.erp]
use = "sql"
{source}
[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""
URL = 'url = "postgresql://db/erp"'


def mistakes(folder: Path, source: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_project(write(folder, FEED.format(source=source)))
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('query = "SELECT 1"', "sources.erp.url: it is required: SQLAlchemy URL"),
        (URL, "sources.erp: give either `query`, a SELECT of your own, or `preset`"),
        (f'{URL}\nquery = "SELECT 1"\npreset = "odoo"', "sources.erp: give either `query`"),
        (f'{URL}\nquery = "DELETE FROM ledger"', "it must be a SELECT, or a WITH that ends in one"),
        (f'{URL}\nquery = "-- SELECT\\nTRUNCATE ledger"', "it must be a SELECT"),
        (f'{URL}\nquery = "SELECT 1; DROP TABLE ledger"', "it must be one statement"),
        (f'{URL}\nquery = "SELECT 1) x; COMMIT; DELETE FROM y; SELECT (1"', "it must be one statement"),
        (f"{URL}\nquery = \"SELECT ';'; DROP TABLE ledger\"", "it must be one statement"),
        (f'{URL}\npreset = "sage"', "sources.erp.preset: found 'sage': there are odoo, erpnext"),
        (f'{URL}\npreset = "akaunting"', "sources.erp: preset 'akaunting' needs `table_prefix`: What the tables'"),
        (f'{URL}\npreset = "invoiceplane"', "sources.erp: preset 'invoiceplane' needs `currency`"),
        (
            f'{URL}\npreset = "gnucash"\ncompany = 1',
            "sources.erp: `company` is for presets of systems",
        ),
        (f'{URL}\nquery = "SELECT 1"\ntable_prefix = "x_"', "sources.erp: `table_prefix` is for presets"),
        (f'{URL}\npreset = "odoo"\ntable_prefix = "x; DROP"', "sources.erp.table_prefix"),
        ('url = "sqlite://"\nquery = "SELECT 1"', "it names no file; write sqlite:///books.db"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_is_read(tmp_path: Path, source: str, says: str) -> None:
    assert says in mistakes(tmp_path, source)


@pytest.mark.parametrize("query", ["select 1", " (SELECT 1)", "WITH a AS (SELECT 1) SELECT 2", "/* ; */ SELECT ';' ; "])
def test_any_single_select_is_taken(query: str) -> None:
    assert sql("postgresql://db/erp", query=query).settings.query == query.strip().rstrip(";")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT * FROM a LIMIT 100", "LIMIT 100"),
        ("SELECT * FROM a WHERE b IN (1)\n  limit\n  100;", "limit 100"),
        ("SELECT * FROM a -- all\nLIMIT(50)", "LIMIT(50)"),
        ("(SELECT * FROM (SELECT 1) a LIMIT 5)", "LIMIT 5"),
        ("WITH a AS (SELECT 1) SELECT * FROM a FETCH FIRST 10 ROWS ONLY", "FETCH FIRST 10"),
        ("SELECT * FROM a ORDER BY b OFFSET 0 ROWS FETCH NEXT 10 ROWS ONLY", "FETCH NEXT 10"),
        ("SELECT * FROM a FETCH FIRST ROW ONLY", "FETCH FIRST"),
        ("SELECT * FROM a OFFSET 5", "OFFSET 5"),
        ("SELECT /* ! */ TOP 100 * FROM a", "TOP 100"),
        ("SELECT DISTINCT TOP (100) * FROM a", "TOP (100)"),
        ("WITH a AS (SELECT 1) SELECT TOP 5 PERCENT * FROM a", "TOP 5"),
        ("SELECT FIRST 10 * FROM a", "FIRST 10"),
    ],
)
def test_a_query_that_cuts_its_answer_short_is_refused(tmp_path: Path, query: str, named: str) -> None:
    said = mistakes(tmp_path, f"{URL}\nquery = '''{query}'''")
    assert f"it says {named}, which leaves out what is open" in said
    assert "choose rows by WHERE alone" in said


@pytest.mark.parametrize(
    "query",
    [
        "SELECT `limit`, [top], a.limit, top100, 'LIMIT 5' FROM a -- LIMIT 5",
        "SELECT a.n, (SELECT c FROM b ORDER BY d LIMIT 1) FROM a /* TOP 5 */",
        "WITH b AS (SELECT TOP 1 c FROM d) SELECT * FROM b",
        "SELECT credit_limit, limit - paid AS balance, top, offset FROM a WHERE offset > 5",
        "SELECT TOP (100) PERCENT * FROM a ORDER BY b OFFSET 0 ROWS",
        "SELECT * FROM a LIMIT ALL",
        "SELECT arr[OFFSET(0)], first, fetch FROM a",
    ],
)
def test_what_is_only_called_a_limit_or_stands_within_is_taken(query: str) -> None:
    assert sql("postgresql://db/erp", query=query).settings.query == query


def test_a_relative_sqlite_file_starts_at_the_folder_of_plugins_toml(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, FEED.format(source='url = "sqlite:///data/books.db"\nquery = "SELECT 1"')))
    assert settings_of(project.sources[0])["url"] == f"sqlite:///{tmp_path}/data/books.db"


SECRET = "s3cr3t-w0rd"
SECRET_URLS = [
    f"postgresql://reader:{SECRET}@127.0.0.1:5432/nowhere",
    f"postgresql://reader@127.0.0.1:1/erp?password={SECRET}",
    f"postgresql://reader@127.0.0.1:5432/erp?sslmode=verify-full&sslpassword={SECRET}",
    f"mysql://reader:{SECRET}@127.0.0.1:3306/erp",
    f"mssql+pyodbc://reader:{SECRET}@db/erp?driver=ODBC",
    f"mssql+pyodbc:///?odbc_connect=DRIVER%3D%7Bx%7D%3BUID%3Dreader%3BPWD%3D%7B{SECRET}%3B%7D%3BSERVER%3Ddb",
    f"oracle+oracledb://reader@db/?service_name=erp&wallet_password={SECRET}",
    f"nonsense://reader:{SECRET}@db/erp",
]


@pytest.mark.parametrize("url", SECRET_URLS)
def test_a_password_is_in_no_error_no_repr_and_no_document(url: str) -> None:
    source = sql(url, query="SELECT 1", timeout_seconds=1)
    with pytest.raises(SourceError) as caught:
        source.check()
    shown = "".join(traceback.format_exception(caught.value))
    shown += f"{source.settings!r} {source.settings.model_dump_json()} {settings_of(source)}"
    assert SECRET not in shown


@pytest.mark.parametrize("url", [SECRET_URLS[0], f"no url {SECRET}", f"postgresql://reader:{SECRET}@host:port/x"])
def test_no_command_shows_a_password(tmp_path: Path, url: str) -> None:
    write(tmp_path, FEED.format(source='url = "${ERP_URL}"\nquery = "SELECT 1"'))
    for arguments in (["check"], ["plan", "--json"]):
        done = run(tmp_path, *arguments, env={"ERP_URL": url})
        assert done.code in (2, 4), done.err
        assert SECRET not in done.out + done.err


def test_another_database_is_another_configuration_but_another_password_is_not(tmp_path: Path) -> None:
    def hashed(url: str) -> str:
        return settings_hash(read_project(write(tmp_path, FEED.format(source=f'url = "{url}"\nquery = "SELECT 1"'))))

    plain = hashed("postgresql://reader:one@db/erp")
    assert plain == hashed("postgresql://reader:two@db/erp")
    assert plain != hashed("postgresql://reader:one@db/test")


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("postgresql://db/erp", "psycopg", "arfeed[postgresql]"),
        ("mysql://db/erp", "pymysql", "arfeed[mysql]"),
        ("mariadb://db/erp", "pymysql", "arfeed[mysql]"),
        ("mssql+pyodbc://db/erp", "pyodbc", "pyodbc"),
    ],
)
def test_a_missing_driver_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, url: str, module: str, package: str
) -> None:
    for name in [loaded for loaded in sys.modules if loaded.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Without(module), *sys.meta_path])
    with pytest.raises(SourceError) as caught:
        sql(url, query="SELECT 1").check()
    assert str(caught.value) == f"erp: the database driver {module!r} is not installed: pip install '{package}'"


class _Without:
    """An importer that knows of one module only that it is not there."""

    def __init__(self, module: str) -> None:
        self.module = module

    def find_spec(self, name: str, *_: object) -> None:
        if name == self.module:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_plugins_show_lists_every_preset_with_what_it_needs(tmp_path: Path) -> None:
    shown = " ".join(run(tmp_path, "plugins", "show", "sql").out.split())
    for name, preset in PRESETS.items():
        assert f'"{name}"' in shown
        for needed in preset.requires:
            assert f"needs {needed}" in shown
