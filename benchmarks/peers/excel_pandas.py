"""pandas as people write it: `read_excel`, amounts rounded to cents, `to_csv`. `FILE FOLDER ENGINE`"""

import sys
from pathlib import Path
from typing import Literal, cast

import pandas as pd

file, folder = sys.argv[1:3]
engine = cast("Literal['calamine', 'openpyxl']", sys.argv[3])
invoices = pd.read_excel(file, engine=engine, dtype={"invoice_ref": "str", "po_number": "str"})
if invoices["invoice_ref"].duplicated().any():
    sys.exit("refs are repeated")
for name in ("amount", "balance"):
    invoices[name] = invoices[name].round(2)
report = invoices.rename(columns={"currency": "currency_iso", "issued_on": "date_issued", "due_on": "date_due"})
report.to_csv(Path(folder, "report.csv"), index=False, date_format="%Y-%m-%d")
