"""pandas as people write it: object columns, `map(Decimal)`, `to_datetime`, `to_csv`. `FILE FOLDER`"""

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd

file, folder = sys.argv[1:]
invoices = pd.read_csv(file, dtype=str, keep_default_na=False)
if invoices["invoice_ref"].duplicated().any():
    sys.exit("refs are repeated")
for name in ("issued_on", "due_on"):
    invoices[name] = pd.to_datetime(invoices[name], format="%Y-%m-%d")
for name in ("amount", "balance"):
    invoices[name] = invoices[name].map(Decimal)
invoices.insert(1, "kind", "invoice")
report = invoices.rename(columns={"currency": "currency_iso", "issued_on": "date_issued", "due_on": "date_due"})
report.to_csv(Path(folder, "report.csv"), index=False)
