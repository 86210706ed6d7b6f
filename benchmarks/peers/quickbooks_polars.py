"""polars, eager: the first column filled down, exact decimals and dates; nothing is added up. `FILE FOLDER`"""

import sys
from pathlib import Path

import polars as pl  # type: ignore[import-not-found]

file, folder = sys.argv[1:]
names = ["group", "issued_on", "type", "invoice_ref", "terms", "due_on", "balance"]
rows = pl.read_csv(
    file, skip_rows=4, has_header=False, new_columns=names, infer_schema=False, truncate_ragged_lines=True
).slice(1)
is_group = pl.col("group").is_not_null() & pl.col("issued_on").is_null() & pl.col("balance").is_null()
report = (
    rows.with_columns(customer_name=pl.when(is_group & ~pl.col("group").str.starts_with("Total for ")).then("group"))
    .with_columns(pl.col("customer_name").forward_fill())
    .filter(pl.col("issued_on").is_not_null())
    .with_columns(
        pl.col("balance").str.replace_all(",", "").str.to_decimal(scale=2),
        pl.col("issued_on", "due_on").str.to_date("%m/%d/%Y"),
    )
)
if report["invoice_ref"].is_duplicated().any():
    sys.exit("refs are repeated")
report.drop("group", "terms").rename({"issued_on": "date_issued", "due_on": "date_due"}).write_csv(
    Path(folder, "report.csv")
)
