"""Settings of the connector `sql`: what is refused, and what is never shown."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from arfeed import ConfigError, SourceError
from arfeed.plugins.config import read_project
from arfeed.plugins.fingerprint import settings_hash, settings_of
from arfeed_connectors.sql.presets import PRESETS
from arfeed_connectors.sql.text.limits import find_row_limit
from support.databases.tables import sql
from support.feeds.command import run, write

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
        ('query = "SELECT 1"', "sources.erp.url: it is required: Where the database is"),
        (URL, "sources.erp: give either `query`, a SELECT of your own, or `preset`"),
        (f'{URL}\nquery = "SELECT 1"\npreset = "odoo"', "sources.erp: give either `query`"),
        (f'{URL}\nquery = "DELETE FROM ledger"', "it must be a SELECT, or a WITH that ends in one"),
        (f'{URL}\nquery = "-- SELECT\\nTRUNCATE ledger"', "it must be a SELECT"),
        (f'{URL}\nquery = "SELECT 1; DROP TABLE ledger"', "it must be a single statement"),
        (f'{URL}\nquery = "SELECT 1) x; COMMIT; DELETE FROM y; SELECT (1"', "it must be a single statement"),
        (f"{URL}\nquery = \"SELECT ';'; DROP TABLE ledger\"", "it must be a single statement"),
        (f'{URL}\npreset = "sage"', "sources.erp.preset: found 'sage': there are odoo, erpnext"),
        (f'{URL}\npreset = "akaunting"', "sources.erp: preset 'akaunting' needs `table_prefix`: Prefix of the tables'"),
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
        ("SELECT FIRST (10) * FROM a", "FIRST (10)"),
        ("SELECT FIRST (5 + 5) a.b FROM a", "FIRST (5 + 5)"),
        ("SELECT SKIP 5 * FROM a", "SKIP 5"),
        ("SELECT LIMIT 0 10 * FROM a", "LIMIT 0"),
        ("SELECT * FROM a ROWS 10", "ROWS 10"),
        ("SELECT * FROM a ORDER BY b DESC ROWS 1 TO 10", "ROWS 1"),
        ("SELECT * FROM a WHERE ROWNUM <= 100", "ROWNUM"),
        ("SELECT * FROM a WHERE b = 1 AND (c = 2 OR 100 > rownum)", "rownum"),
        ("SELECT * FROM a JOIN b ON a.c = b.c AND rownum < 5", "rownum"),
        ("SELECT * FROM a LIMIT +5", "LIMIT +"),
        ("SELECT * FROM a LIMIT CAST(5 AS int)", "LIMIT CAST"),
        ("SELECT * FROM a LIMIT (SELECT 5)", "LIMIT (SELECT 5)"),
        ("SELECT * FROM a LIMIT '5'", "LIMIT '5'"),
        ("SELECT * FROM a LIMIT ROWS EXAMINED 100", "LIMIT ROWS"),
        ("SELECT * FROM a LIMIT ALL OFFSET 5", "OFFSET 5"),
        ("SELECT * FROM a OFFSET 0 + 5", "OFFSET 0"),
        ("SELECT * FROM a TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE BERNOULLI"),
        ("SELECT * FROM (a TABLESAMPLE SYSTEM (10) JOIN b ON a.c = b.c)", "TABLESAMPLE SYSTEM"),
        ("SELECT * FROM a SAMPLE (10)", "SAMPLE (10)"),
        ("SELECT * FROM a SAMPLE BLOCK (10)", "SAMPLE BLOCK"),
        ("SELECT * FROM a USING SAMPLE 10%", "SAMPLE 10"),
        ("SELECT * FROM a QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) = 1", "QUALIFY ROW_NUMBER"),
        ("SELECT * FROM a WITH (READPAST)", "READPAST"),
        ("SELECT * FROM a FOR UPDATE SKIP LOCKED", "SKIP LOCKED"),
        ("(SELECT * FROM a LIMIT 5) UNION ALL (SELECT * FROM b)", "LIMIT 5"),
        ("SELECT * FROM b UNION ALL SELECT TOP 5 * FROM a", "TOP 5"),
        ("((SELECT * FROM b) EXCEPT ((SELECT * FROM a LIMIT 5)))", "LIMIT 5"),
        ("WITH b AS (SELECT 1) (SELECT * FROM a LIMIT 5)", "LIMIT 5"),
        ("SELECT * FROM comment LIMIT 5", "LIMIT 5"),
        ("SELECT * LIMIT 5", "LIMIT 5"),
        ("VALUES (1), (2) LIMIT 1", "LIMIT 1"),
        ("SELECT DISTINCT ON (customer) * FROM a ORDER BY customer, b", "ON (customer)"),
        ("select distinct/**/on(lower(c), d) e FROM a", "on(lower(c), d)"),
        ("SELECT * FROM b UNION ALL (SELECT DISTINCT ON (c) * FROM a)", "ON (c)"),
        ("SELECT * FROM a ROWS (n + v)", "ROWS (n + v)"),
        ("SELECT * FROM a ROWS (5) TO (10)", "ROWS (5)"),
        ("WITH b AS (SELECT * FROM a LIMIT 100) SELECT * FROM b", "LIMIT 100"),
        ("WITH b AS (SELECT TOP 1 c FROM d) SELECT * FROM b", "TOP 1"),
        (
            "WITH b AS (SELECT * FROM a LIMIT 9), c AS (SELECT * FROM b) SELECT d.n AS invoice_ref FROM e, c d",
            "LIMIT 9",
        ),
        (
            "WITH RECURSIVE b (n) AS NOT MATERIALIZED (SELECT c FROM a LIMIT 5) SELECT n AS invoice_ref FROM b",
            "LIMIT 5",
        ),
        ("SELECT * FROM (WITH b AS (SELECT * FROM a LIMIT 5) SELECT * FROM b) c", "LIMIT 5"),
        ("SELECT * FROM (SELECT * FROM b UNION ALL (SELECT * FROM a LIMIT 5)) c", "LIMIT 5"),
        ("SELECT * FROM b UNION ALL SELECT * FROM (SELECT * FROM a SAMPLE (5)) c", "SAMPLE (5)"),
        ("SELECT * FROM ((SELECT * FROM a LIMIT 5) b JOIN c ON b.d = c.d)", "LIMIT 5"),
        ("SELECT * FROM (TABLE a LIMIT 5) b", "LIMIT 5"),
        ("SELECT * FROM (FROM a LIMIT 5)", "LIMIT 5"),
        ("SELECT i.n AS invoice_ref FROM a i JOIN (SELECT * FROM customers LIMIT 50) c ON c.id = i.c", "LIMIT 50"),
        ("SELECT i.n AS invoice_ref FROM a i LEFT JOIN (SELECT b, c FROM paid LIMIT 50) p ON p.b = i.id", "LIMIT 50"),
        ("SELECT i.n AS invoice_ref FROM b LEFT JOIN LATERAL (SELECT n FROM a LIMIT 1) i ON true", "LIMIT 1"),
        ("SELECT i.n AS invoice_ref FROM b OUTER APPLY (SELECT TOP 3 n FROM a ORDER BY d) i", "TOP 3"),
        ("SELECT c.n AS invoice_ref FROM b RIGHT JOIN (SELECT n FROM a LIMIT 1) c ON b.n = c.n", "LIMIT 1"),
        ("SELECT * FROM a WHERE (b = 1 AND id IN (SELECT id FROM a ORDER BY id LIMIT 100))", "LIMIT 100"),
        ("WITH r AS (SELECT id FROM a LIMIT 10) SELECT * FROM a WHERE id = ANY (SELECT id FROM r)", "LIMIT 10"),
        ("SELECT * FROM (SELECT DISTINCT ON (customer) * FROM a ORDER BY customer, b) latest", "ON (customer)"),
        ("SELECT * FROM (SELECT * FROM a QUALIFY RANK() OVER (PARTITION BY b ORDER BY c) < 9) d", "QUALIFY RANK"),
        ("SELECT * FROM (SELECT * FROM a WHERE ROWNUM < 5) b", "ROWNUM"),
        (
            "SELECT * FROM (SELECT a.*, ROW_NUMBER() OVER (ORDER BY b) AS n FROM a) c WHERE n <= 100",
            "ROW_NUMBER() OVER (ORDER BY b) AS n",
        ),
        ("SELECT * FROM (SELECT a, ROWNUM r FROM (SELECT * FROM b ORDER BY c) d) WHERE r BETWEEN 1 AND 9", "ROWNUM r"),
        (
            "SELECT * FROM (SELECT a, RANK() OVER (ORDER BY b) FROM c) d (invoice_ref, r) WHERE r < 9",
            "RANK() OVER (ORDER BY b)",
        ),
        (
            "SELECT * FROM (SELECT a.*, COUNT(*) OVER (ORDER BY b) n FROM a) c WHERE n < 9",
            "COUNT(*) OVER (ORDER BY b) n",
        ),
        ("SELECT * FROM (SELECT a.*, SUM(1) OVER (ORDER BY b) n FROM a) c WHERE c.n < 9", "SUM(1) OVER (ORDER BY b) n"),
        ("SELECT * FROM a WHERE id = ANY (ARRAY(SELECT id FROM a LIMIT 9))", "LIMIT 9"),
        ("SELECT * FROM a WHERE EXISTS (SELECT 1 FROM (SELECT id FROM a LIMIT 9) b WHERE b.id = a.id)", "LIMIT 9"),
        ("SELECT * FROM a ORDER BY ALL LIMIT 5", "LIMIT 5"),
        ("SELECT a, SUM(b) FROM c GROUP BY ALL OFFSET 5", "OFFSET 5"),
        *(
            (f"SELECT * FROM a ORDER BY {name} LIMIT 5", "LIMIT 5")
            for name in ("start", "mod", "div", "prior", "b.when")
        ),
        ("SELECT * FROM a WHERE b = connect OFFSET 5 ROWS", "OFFSET 5"),
        ("SELECT * FROM a ORDER BY b USING > LIMIT 5", "LIMIT 5"),
        ("SELECT * FROM a ORDER BY b USING ~<~ LIMIT 5", "LIMIT 5"),
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
        "SELECT credit_limit, limit - paid AS balance, top, offset FROM a WHERE offset > 5",
        "SELECT TOP (100) PERCENT * FROM a ORDER BY b OFFSET 0 ROWS",
        "SELECT * FROM a LIMIT ALL",
        "SELECT * FROM (VALUES (1, 'A')) rows (n, v)",
        "SELECT * FROM generate_series(1, 9) rows (n)",
        'SELECT * FROM (VALUES (1, 2, 3)) rows(n, "V w", x) JOIN b sample (n, w) ON b.n = rows.n',
        "SELECT DISTINCT a, b FROM c JOIN d ON (c.e = d.e)",
        "SELECT arr[OFFSET(0)], first, fetch FROM a",
        "SELECT SUM(a) OVER (ORDER BY b ROWS BETWEEN 5 PRECEDING AND CURRENT ROW), MAX(a) OVER (ROWS 5 PRECEDING)",
        "SELECT * FROM a JOIN LATERAL (SELECT 1 FROM c LIMIT 1) d ON true",
        "SELECT i.n AS invoice_ref FROM a i OUTER APPLY (SELECT TOP 1 * FROM b WHERE b.i = i.id ORDER BY c DESC) d",
        "SELECT i.n AS invoice_ref FROM a i CROSS JOIN (SELECT b FROM c ORDER BY d DESC FETCH FIRST ROW ONLY) r",
        "SELECT i.n AS invoice_ref FROM a i, (SELECT id FROM companies WHERE ROWNUM = 1) c WHERE c.id = i.company",
        "WITH c AS (SELECT * FROM b LIMIT 0, 1) SELECT i.n AS invoice_ref FROM a i JOIN c ON c.company = i.company",
        "WITH l AS (SELECT DISTINCT ON (c) * FROM d ORDER BY e) SELECT i.n AS invoice_ref FROM a i JOIN l ON l.c = i.c",
        "WITH unused AS (SELECT * FROM a LIMIT 5) SELECT * FROM a",
        "SELECT b.n AS invoice_ref FROM (SELECT DISTINCT ON (v.nr) v.nr AS n FROM a v ORDER BY v.nr, v.version DESC) b",
        "SELECT * FROM (SELECT * FROM a QUALIFY ROW_NUMBER() OVER (PARTITION BY invoice_ref ORDER BY v DESC) = 1) b",
        "SELECT * FROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c) AS n FROM a) d WHERE n = 1",
        "SELECT * FROM (SELECT a.*, ROW_NUMBER() OVER (ORDER BY c) AS n FROM a) d WHERE e > 0 ORDER BY n",
        "SELECT * FROM a WHERE id NOT IN (SELECT id FROM b) AND c = (SELECT MAX(c) FROM a LIMIT 5)",
        "SELECT * FROM a WHERE b IN ((SELECT c FROM d LIMIT 1)) OR EXISTS (SELECT 1 FROM d FETCH FIRST 5 ROWS ONLY)",
        "SELECT rownum, rows, skip, sample, qualify, a.rownum FROM a WHERE a.rownum > 0 AND rows = 5",
        "SELECT a limit, b AS limit FROM c limit JOIN d rows ON limit.e = rows.e WHERE NOT limit",
        "SELECT limit * 2, 2 * limit, limit + 5, sum(limit) - limit FROM a",
        "SELECT first(a) AS b, first (c), sample(d), top FROM e",
        "SELECT string_agg(a ORDER BY b LIMIT 5) FROM c",
        "SELECT $$ LIMIT 5 $$, $t$ ' LIMIT 5 $t$, E'\\' LIMIT 5' FROM a /* b /* c */ LIMIT 5 */",
        "SELECT * FROM a LIMIT NULL",
        "SELECT * FROM a OFFSET 0",
        "SELECT a MOD limit, b DIV limit FROM c WHERE d LIKE limit ORDER BY ALL",
        "SELECT ALL limit FROM a WHERE b = ALL (SELECT limit FROM c) START WITH limit = 1 CONNECT BY PRIOR limit = d",
        "SELECT UNIQUE limit FROM a WHERE b > limit ORDER BY c USING <",
        "SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b LIMIT 1)",
        "SELECT * FROM a WHERE NOT EXISTS (SELECT 1 FROM (SELECT b FROM c LIMIT 1) d WHERE d.b = a.b)",
        "SELECT * FROM (SELECT a.*, COUNT(*) OVER () n, SUM(p) OVER (ORDER BY b) r FROM a) c WHERE n > 0 AND r < total",
        "SELECT * FROM (SELECT a.*, COUNT(*) OVER (PARTITION BY b ORDER BY c) n FROM a) d WHERE n = 1",
    ],
)
def test_what_is_only_called_a_limit_or_stands_within_is_taken(query: str) -> None:
    assert sql("postgresql://db/erp", query=query).settings.query == query


@pytest.mark.parametrize(
    ("database", "query", "limited"),
    [
        ("mysql+pymysql", "SELECT 'it\\'s', ' LIMIT 5 ' FROM a # LIMIT 5", False),
        ("mysql+pymysql", "SELECT * FROM a /*!50000 LIMIT 5 */", True),
        ("mysql+pymysql", "SELECT 5--1 FROM a LIMIT 5", True),
        ("mysql+pymysql", "SELECT 'x\\' FROM a LIMIT 5 -- '", True),
        ("sqlite", "SELECT [a's LIMIT 5] FROM a /* b /* c */", False),
        ("sqlite", "SELECT 1 FROM a /* b /* c */ LIMIT 5 --*/", True),
        ("mssql+pyodbc", "SELECT [a's LIMIT 5], [b]]c] FROM #d /* e /* f */ LIMIT 5 */", False),
        ("oracle+oracledb", "SELECT q'[it's Ada's LIMIT 5]', nq'!x'y!' FROM a", False),
        ("oracle+oracledb", "SELECT q'[it's]', 'b' FROM a WHERE ROWNUM < 5 AND c = 'd'", True),
        ("firebird", "SELECT * FROM a ROWS CHAR_LENGTH('abcde')", True),
        ("firebird", "SELECT * FROM a ROWS CASE WHEN b = 1 THEN 5 END", True),
        ("firebird", "SELECT * FROM a ROWS (n)", True),
        ("firebird", "SELECT a.rows, b AS rows FROM a", False),
        ("exotic", "SELECT 'a\\' FROM b LIMIT 5 -- '", True),
        ("oracle+oracledb", "SELECT a FROM b FETCH APPROX FIRST 5 ROWS ONLY", True),
        ("oracle+oracledb", "SELECT a FROM b FETCH EXACT FIRST 10 PERCENT ROWS ONLY", True),
        ("oracle+oracledb", "SELECT a FROM b SAMPLE BLOCK (10) SEED (1)", True),
        ("oracle+oracledb", "SELECT exact, fetch FROM b fetch", False),
        ("mssql+pyodbc", "SELECT a FROM b WITH (NOLOCK, READPAST)", True),
        ("mssql+pyodbc", "SELECT a FROM b WITH (NOLOCK) WHERE c > 0", True),
        ("mssql+pyodbc", "SELECT a FROM b (nolock) JOIN d ON b.e = d.e", True),
        ("mssql+pyodbc", "SELECT a FROM b WITH (INDEX (i), READUNCOMMITTED)", True),
        ("mssql+pyodbc", "SELECT b.nolock, [nolock], nolock FROM b", False),
        ("mssql+pyodbc", "SELECT TOP 5 WITH TIES a FROM b ORDER BY a", True),
        ("mssql+pyodbc", "SELECT a FROM b OPTION (FAST 10)", False),
        ("db2", "SELECT a FROM b FETCH FIRST ROW ONLY", True),
        ("db2", "SELECT a FROM b LIMIT 2, 5", True),
        ("db2", "SELECT a FROM b WITH UR SKIP LOCKED DATA", True),
        ("sybase", "SELECT a FROM b AT ISOLATION READ UNCOMMITTED", True),
        ("sybase", "SELECT a FROM b AT ISOLATION 0", True),
        ("sybase", "SELECT a AT, isolation FROM b AT ISOLATION 3", False),
        ("db2", "SELECT a FROM b OPTIMIZE FOR 5 ROWS FOR READ ONLY WITH UR", True),
        ("db2", "SELECT a FROM b OPTIMIZE FOR 5 ROWS FOR READ ONLY WITH CS", False),
        ("db2", "SELECT a FROM b WHERE c IN (SELECT d FROM e FETCH FIRST 1 ROW ONLY)", False),
        ("hana", "SELECT TOP 5 a FROM b", True),
        ("hana", "SELECT a FROM b LIMIT 5 TOTAL ROWCOUNT", True),
        ("hana", "SELECT a FROM b FOR SHARE LOCK IGNORE LOCKED", True),
        ("hana", "SELECT a FROM b TABLESAMPLE SYSTEM (10)", True),
        ("hana", 'SELECT "LIMIT", locked, ignore FROM b WITH HINT (NO_CS_JOIN)', False),
        ("sybase", "SELECT TOP 5 START AT 3 a FROM b", True),
        ("sybase", "SELECT a FROM b ROWS LIMIT 5 OFFSET 2", True),
        ("sybase", "SELECT a FROM b ROWS OFFSET 2", True),
        ("sybase", "SELECT a FROM b READPAST", True),
        ("sybase", "SELECT [limit] FROM b HOLDLOCK AT ISOLATION READ COMMITTED", False),
        ("access", "SELECT TOP 10 PERCENT a FROM b", True),
    ],
)
def test_texts_and_comments_end_where_that_database_ends_them(database: str, query: str, limited: bool) -> None:
    backend = database.partition("+")[0]
    assert (find_row_limit(query, backend) is not None) == limited


def test_a_text_without_an_end_is_refused_since_a_limit_could_hide_in_it(tmp_path: Path) -> None:
    said = mistakes(tmp_path, f'{URL}\nquery = """SELECT \'a FROM b LIMIT 5"""')
    assert "it holds 'a FROM b LIMIT 5, which is never closed; close it" in said


@pytest.mark.parametrize("key", ["closed_query", "control_account.query", "control_account.received"])
def test_the_other_queries_about_debts_may_not_be_cut_short_either(tmp_path: Path, key: str) -> None:
    table = f"control_account.query = 'SELECT 1'\n{key} = 'SELECT * FROM a LIMIT 5'"
    if key != "control_account.received":
        table = f"{key} = 'SELECT * FROM a LIMIT 5'"
    said = mistakes(tmp_path, f"{URL}\nquery = 'SELECT 1'\n{table}")
    assert f"sources.erp.{key.partition('.')[0]}" in said
    assert "it says LIMIT 5, which leaves out what is open" in said


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            "query = 'SELECT 1'\ncontrol_account = true",
            "frontaccounting, kivitendo, tryton, sap-b1 do; for others write a table",
        ),
        (
            "preset = 'gnucash'\ncontrol_account = true",
            "frontaccounting, kivitendo, tryton, sap-b1 do; for others write a table",
        ),
        ("query = 'SELECT 1'\ncontrol_account.query = 'DELETE FROM a'", "query: it must be a SELECT"),
        ("query = 'SELECT 1'\ncontrol_account.sum = 'SELECT 1'", "sources.erp.control_account"),
    ],
)
def test_a_control_account_that_says_nothing_is_refused(tmp_path: Path, source: str, says: str) -> None:
    assert says in mistakes(tmp_path, f"{URL}\n{source}")


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
    ("one", "other"),
    [
        ("postgresql:///?dbname=books", "postgresql:///?dbname=test"),
        ("postgresql:///?service=books", "postgresql:///?service=test"),
        ("postgresql:///erp?host=a&host=b", "postgresql:///erp?host=a&host=c"),
        ("postgresql://db/erp?options=-csearch_path%3Da", "postgresql://db/erp?options=-csearch_path%3Db"),
        ("oracle+oracledb://db/?service_name=books", "oracle+oracledb://db/?service_name=test"),
        (
            "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb%3BDATABASE%3Da",
            "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb%3BDATABASE%3Db",
        ),
        ("mysql://db/erp?charset=utf8mb4", "mysql://db/erp?charset=latin1"),
    ],
)
def test_whatever_the_url_says_behind_its_question_mark_is_configuration(one: str, other: str) -> None:
    assert known_as(one) != known_as(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://db/erp?password=a", "postgresql://db/erp?password=b"),
        ("postgresql://db/erp?sslpassword=a", "postgresql://db/erp?sslpassword=b"),
        ("mysql://db/erp?passwd=a", "mysql://db/erp?passwd=b"),
        ("oracle+oracledb://db/?wallet_password=a", "oracle+oracledb://db/?wallet_password=b"),
        ("snowflake://db/?token=a", "snowflake://db/?token=b"),
        (
            "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb%3BPWD%3D%7Ba%3Bb%7D%3BDATABASE%3Dx",
            "mssql+pyodbc:///?odbc_connect=SERVER%3Ddb%3Bpwd%3Dc%3BDATABASE%3Dx",
        ),
        ("postgresql://db/erp?a=1&b=2", "postgresql://db/erp?b=2&a=1"),
    ],
)
def test_another_secret_or_order_is_no_other_configuration(one: str, other: str) -> None:
    assert known_as(one) == known_as(other)


def known_as(url: str) -> object:
    return settings_of(sql(url, query="SELECT 1"))["url"]


def test_messages_hide_secrets_and_nothing_else() -> None:
    source = sql(
        "postgresql://reader@127.0.0.1:1/erp?connect_timeout=1&application_name=books&sslpassword=books1",
        query="SELECT 1",
    )
    with pytest.raises(SourceError) as caught:
        source.check()
    assert "127.0.0.1" in str(caught.value)
    assert "***" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("postgresql://db/erp", "psycopg", "arfeed[postgresql]"),
        ("mysql://db/erp", "pymysql", "arfeed[mysql]"),
        ("mariadb://db/erp", "pymysql", "arfeed[mysql]"),
        ("mssql+pyodbc://db/erp", "pyodbc", "arfeed[odbc]"),
        ("duckdb:///books.duckdb", "duckdb_engine", "arfeed[duckdb]"),
        ("firebird:///books.fdb", "firebird", "arfeed[firebird]"),
        ("sqlite+pysqlcipher://:key@/books.db", "sqlcipher3", "arfeed[sqlcipher]"),
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


def test_the_mapped_column_of_numbers_tells_which_query_supplies_them() -> None:
    query = "SELECT i.no, c.name FROM c JOIN LATERAL (SELECT no FROM a WHERE a.c = c.id LIMIT 1) i ON true"
    assert find_row_limit(query, "postgresql", "no") == "LIMIT 1"
    assert find_row_limit(query.replace("i.no, c.name", "c.no, i.name"), "postgresql", "no") is None


def test_queries_too_deep_in_each_other_are_refused() -> None:
    deep = "SELECT * FROM (" * 500 + "SELECT 1" + ") a" * 500
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        find_row_limit(deep, "postgresql")
    ladder = ", ".join([f"a{n} AS (SELECT * FROM a{n - 1} JOIN a{n - 1} b ON true)" for n in range(1, 90)])
    assert find_row_limit(f"WITH a0 AS (SELECT * FROM t LIMIT 5), {ladder} SELECT * FROM a89", "sqlite") == "LIMIT 5"
