"""pyarrow alone: text, then exact decimals and dates, unique refs, and the report. `FILE FOLDER`"""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

HEADER = "invoice_ref,customer_id,customer_name,customer_email,currency,issued_on,due_on,amount,balance,po_number,memo"

file, folder = sys.argv[1:]
types = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(HEADER.split(","), pa.string()))
invoices = pyarrow.csv.read_csv(file, convert_options=types)
if pc.count_distinct(invoices["invoice_ref"]).as_py() != len(invoices):
    sys.exit("refs are repeated")
columns: dict[str, Any] = {name: invoices[name] for name in HEADER.split(",")}
for name in ("issued_on", "due_on"):
    columns[name] = pc.strptime(columns[name], format="%Y-%m-%d", unit="s").cast(pa.date32())
    if not pc.all(pc.equal(columns[name].cast(pa.string()), invoices[name])).as_py():
        sys.exit(f"{name} holds days that no calendar has")
for name in ("amount", "balance"):
    columns[name] = columns[name].cast(pa.decimal128(20, 4))
renamed = {"currency": "currency_iso", "issued_on": "date_issued", "due_on": "date_due"}
report = pa.table(columns).rename_columns(renamed)
report = report.add_column(1, "kind", pa.repeat("invoice", len(report)))
pyarrow.csv.write_csv(report, Path(folder, "report.csv"))
