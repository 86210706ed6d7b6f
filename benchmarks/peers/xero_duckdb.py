"""duckdb: the open sales documents of a Xero export, one row each, as the report. `FILE FOLDER`"""

import sys
from pathlib import Path

import duckdb

DOCUMENTS = """
create table invoices as with documents as (
    select Type, InvoiceNumber, ContactName, InvoiceDate, Total, any_value(EmailAddress) as EmailAddress,
        any_value(Reference) as Reference, any_value(DueDate) as DueDate, any_value(Currency) as Currency,
        any_value(InvoiceAmountDue) as InvoiceAmountDue, any_value(Status) as Status
    from read_csv(?, all_varchar = true, header = true)
    where Type in ('Sales invoice', 'Sales credit note')
    group by all
)
select
    InvoiceNumber as invoice_ref, case Type when 'Sales invoice' then 'invoice' else 'credit_note' end as kind,
    ContactName as customer_id, ContactName as customer_name, EmailAddress as customer_email, Currency as currency_iso,
    cast(strptime(InvoiceDate, '%d/%m/%Y') as date) as date_issued,
    cast(strptime(DueDate, '%d/%m/%Y') as date) as date_due,
    cast(Total as decimal(18, 4)) as amount, cast(InvoiceAmountDue as decimal(18, 4)) as balance,
    Reference as po_number, '' as memo
from documents where Status = 'Awaiting Payment' and cast(InvoiceAmountDue as decimal(18, 4)) <> 0
"""

file, folder = sys.argv[1:]
duckdb.execute(DOCUMENTS, [file])
[(rows, refs)] = duckdb.execute("select count(*), count(distinct invoice_ref) from invoices").fetchall()
if rows != refs:
    sys.exit(f"{rows - refs} refs are repeated")
duckdb.execute("copy invoices to $report (header, delimiter ',')", {"report": str(Path(folder, "report.csv"))})
