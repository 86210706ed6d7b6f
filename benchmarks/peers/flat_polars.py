"""polars, eager: text, then exact decimals and dates, unique refs, and the report. `FILE FOLDER`"""

import sys
from pathlib import Path

import polars as pl  # type: ignore[import-not-found]

file, folder = sys.argv[1:]
invoices = pl.read_csv(file, infer_schema=False, empty_string_is_null=False)
if invoices["invoice_ref"].is_duplicated().any():
    sys.exit("refs are repeated")
report = invoices.select(
    "invoice_ref",
    pl.lit("invoice").alias("kind"),
    "customer_id",
    "customer_name",
    "customer_email",
    pl.col("currency").alias("currency_iso"),
    pl.col("issued_on").str.to_date("%Y-%m-%d").alias("date_issued"),
    pl.col("due_on").str.to_date("%Y-%m-%d").alias("date_due"),
    pl.col("amount").cast(pl.Decimal(20, 4)),
    pl.col("balance").cast(pl.Decimal(20, 4)),
    "po_number",
    "memo",
)
report.write_csv(Path(folder, "report.csv"))
