"""polars: the open sales documents of a Xero export, one row each, as the report. `FILE FOLDER eager|streaming`"""

import sys
from pathlib import Path

import polars as pl  # type: ignore[import-not-found]

KEY = ["Type", "InvoiceNumber", "ContactName", "InvoiceDate", "Total"]
OTHERS = ["EmailAddress", "Reference", "DueDate", "InvoiceAmountDue", "Currency", "Status"]
KINDS = {"Sales invoice": "invoice", "Sales credit note": "credit_note"}

file, folder, mode = sys.argv[1:]
if mode == "eager":
    lines = pl.read_csv(file, infer_schema=False, empty_string_is_null=False, columns=KEY + OTHERS)
else:
    lines = pl.scan_csv(file, infer_schema=False, empty_string_is_null=False)
documents = lines.filter(pl.col("Type").is_in(list(KINDS))).unique(KEY, keep="first", maintain_order=True)
typed = documents.select(
    pl.col("InvoiceNumber").alias("invoice_ref"),
    pl.col("Type").replace_strict(KINDS).alias("kind"),
    pl.col("ContactName").alias("customer_id"),
    pl.col("ContactName").alias("customer_name"),
    pl.col("EmailAddress").alias("customer_email"),
    pl.col("Currency").alias("currency_iso"),
    pl.col("InvoiceDate").str.to_date("%d/%m/%Y").alias("date_issued"),
    pl.col("DueDate").str.to_date("%d/%m/%Y").alias("date_due"),
    pl.col("Total").cast(pl.Decimal(20, 4)).alias("amount"),
    pl.col("InvoiceAmountDue").cast(pl.Decimal(20, 4)).alias("balance"),
    pl.col("Reference").alias("po_number"),
    pl.lit("").alias("memo"),
    pl.col("Status"),
)
report = typed.filter((pl.col("Status") == "Awaiting Payment") & (pl.col("balance") != 0)).drop("Status")
if mode == "streaming":
    report = report.collect(engine="streaming")
if report["invoice_ref"].is_duplicated().any():
    sys.exit("refs are repeated")
report.write_csv(Path(folder, "report.csv"))
