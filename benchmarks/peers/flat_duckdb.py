"""duckdb: text read into a typed table, checked for repeated refs, written as the report. `FILE FOLDER`"""

import sys
from pathlib import Path

import duckdb

INVOICES = """
create table invoices as select
    invoice_ref, 'invoice' as kind, customer_id, customer_name, customer_email, currency as currency_iso,
    cast(issued_on as date) as date_issued, cast(due_on as date) as date_due,
    cast(amount as decimal(18, 4)) as amount, cast(balance as decimal(18, 4)) as balance, po_number, memo
from read_csv(?, all_varchar = true, header = true)
"""

file, folder = sys.argv[1:]
duckdb.execute(INVOICES, [file])
[(rows, refs)] = duckdb.execute("select count(*), count(distinct invoice_ref) from invoices").fetchall()
if rows != refs:
    sys.exit(f"{rows - refs} refs are repeated")
duckdb.execute("copy invoices to $report (header, delimiter ',')", {"report": str(Path(folder, "report.csv"))})
