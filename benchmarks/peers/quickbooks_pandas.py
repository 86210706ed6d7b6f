"""pandas as people write it: the first column filled down, `map(Decimal)`, `to_datetime`, `to_csv`. `FILE FOLDER`"""

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd

file, folder = sys.argv[1:]
rows = pd.read_csv(file, skiprows=4, dtype=str, keep_default_na=False, names=range(7))[1:]
rows.columns = ["group", "issued_on", "type", "invoice_ref", "terms", "due_on", "balance"]
is_group = (rows["group"] != "") & (rows["balance"] == "") & ~rows["group"].str.startswith("Total for ")
rows["customer_name"] = rows["group"].where(is_group).ffill()
invoices = rows[rows["issued_on"] != ""].copy()
invoices["balance"] = invoices["balance"].str.replace(",", "").map(Decimal)
for name in ("issued_on", "due_on"):
    invoices[name] = pd.to_datetime(invoices[name], format="%m/%d/%Y")
if invoices["invoice_ref"].duplicated().any():
    sys.exit("refs are repeated")
report = invoices.rename(columns={"issued_on": "date_issued", "due_on": "date_due"}).drop(columns=["group", "terms"])
report.to_csv(Path(folder, "report.csv"), index=False)
