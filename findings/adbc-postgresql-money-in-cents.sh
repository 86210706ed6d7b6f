#!/usr/bin/env bash
# adbc-driver-postgresql 1.13.0 (PyPI), with the PostgreSQL 16 of pgserver 0.1.4.
#
# A column of type money comes as a plain int64 of hundredths: $1,234.56 is 123456. Nothing in the Arrow type says so; only the
# field's metadata names money. A numeric comes as exact text beside it. Whoever reads amounts by their Arrow type takes every debt for a
# hundred times as much; psycopg gives the text '$1,234.56' for the same value.
#
# Seen:
#   money: int64 123456
#   numeric: 1234.56
#   psycopg: $1,234.56
# Exits 0 while that is so, 1 if it is not any more. Needs python3 with venv and the network; installs into a temporary folder only.
# arfeed has no part in this.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv client
client/bin/pip install --quiet --disable-pip-version-check \
    pgserver==0.1.4 adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1 'psycopg[binary]==3.3.9' 2>/dev/null

client/bin/python -W ignore - <<'PYTHON' | tee seen
import adbc_driver_postgresql.dbapi as adbc
import pgserver
import psycopg

server = pgserver.get_server("data")
try:
    with adbc.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1234.56::money AS owed, 1234.56::numeric AS exact")
        table = cursor.fetch_arrow_table()
        print("money:", table.schema.field("owed").type, table["owed"][0].as_py())
        print("numeric:", table["exact"][0].as_py())
    with psycopg.connect(server.get_uri()) as connection:
        print("psycopg:", connection.execute("SELECT 1234.56::money").fetchone()[0])
finally:
    server.cleanup()
PYTHON

printf '%s\n' 'money: int64 123456' 'numeric: 1234.56' 'psycopg: $1,234.56' | cmp --silent - seen
