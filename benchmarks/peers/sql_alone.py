"""All rows of a PostgreSQL table as Arrow columns: by arfeed's source, frames and control included, or by ADBC alone.

`python sql_alone.py source|adbc URL` prints seconds and memory; imports and the first connection are not counted.
"""

import json
import resource
import sys
import time

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import psycopg
import pyarrow.compute as pc
import sqlalchemy as sa

import arfeed
from arfeed_connectors.sql import Sql

QUERY = "SELECT * FROM invoices"


def by_source(url: str) -> int:
    source = Sql("invoices", Sql.Settings.model_validate({"url": url, "query": QUERY}))
    return sum(map(len, source.invoices()))


def by_adbc(url: str) -> int:
    with adbc.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        return len(cursor.fetch_arrow_table())


what, url = sys.argv[1:]
psycopg.connect(url).close()
IMPORTED = (pd, pc, sa, arfeed)  # for both, so that neither takes the time
rows = {"source": by_source, "adbc": by_adbc}
begun = time.perf_counter(), time.process_time()
assert rows[what](url)
ended = time.perf_counter(), time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
print(json.dumps({"seconds": ended[0] - begun[0], "processors": ended[1] - begun[1], "megabytes": peak}))
