-- SQL-Ledger 3.2 on PostgreSQL, a database a company.
-- ar.amount and ar.paid are in the company's currency and its cents. What a document is worth in its own currency lies in the
-- journal, in rows that are not fx_transaction, on all accounts but the receivable one. Only an invoice of parts (invoice) posts its
-- lines in the company's currency, so that its total is amount / exchangerate; that may be off by what a cent of the company's is
-- worth, and so little is not an open balance in another currency.
-- The rate is the document's own: the table exchangerate keeps the last one that anybody typed for a day.
-- Void Receipt adds to ar.paid what it takes back, so that an invoice looks paid that is not: neither paid nor a filter by it.
-- A receipt beyond what was owed is a document with amount 0 under the next invoice number. It and a payment of the future count at once.
-- Debian's database driver writes texts encoded twice (CafÃ©), which the program undoes when it shows them; so does this, where a
-- whole name is so.
-- An unapproved document is a draft, and an unapproved receipt counts for nothing, though the program's own ageing takes it off.
-- A deleted document is gone from the table. A template that repeats is itself a posted invoice.
SELECT
    x.invoice_ref,
    x.kind,
    x.customer_id,
    x.customer_name,
    x.customer_email,
    x.currency,
    x.issued_on,
    x.due_on,
    ROUND(CAST(x.total AS numeric), x.decimals) AS amount,
    ROUND(CAST(x.total - x.paid AS numeric), x.decimals) AS balance,
    x.po_number
FROM (
    SELECT
        a.invnumber AS invoice_ref,
        CASE WHEN a.amount < 0 THEN 'credit_note' WHEN a.amount = 0 THEN 'payment' ELSE 'invoice' END AS kind,
        c.customernumber AS customer_id,
        CASE
            WHEN c.name ~ '[\u0080-\u00ff]'
                AND c.name ~ '^([\u0001-\u007f]|[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2})*$'
            THEN CONVERT_FROM(CONVERT_TO(c.name, 'LATIN1'), 'UTF8')
            ELSE c.name
        END AS customer_name,
        c.email AS customer_email,
        TRIM(a.curr) AS currency,
        a.transdate AS issued_on,
        a.duedate AS due_on,
        COALESCE(k.prec, 2) AS decimals,
        CASE
            WHEN a.invoice THEN a.amount / COALESCE(NULLIF(a.exchangerate, 0), 1)
            ELSE COALESCE(j.posted, 0)
        END AS total,
        COALESCE(j.settled, 0) AS paid,
        CASE
            WHEN a.invoice AND k.rn <> 1 THEN 0.01 / COALESCE(NULLIF(a.exchangerate, 0), 1)
            ELSE 0
        END AS inexact,
        a.ponumber AS po_number
    FROM {ar} a
    LEFT JOIN (
        SELECT
            l.trans_id,
            SUM(l.amount) FILTER (
                WHERE l.chart_id NOT IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR_(paid|discount)(:|$)')
            ) AS posted,
            -SUM(l.amount) FILTER (
                WHERE l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR_(paid|discount)(:|$)')
            ) AS settled
        FROM {acc_trans} l
        WHERE NOT l.fx_transaction AND l.approved
            AND l.chart_id NOT IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR(:|$)')
        GROUP BY l.trans_id
    ) j ON j.trans_id = a.id
    LEFT JOIN {customer} c ON c.id = a.customer_id
    LEFT JOIN {curr} k ON k.curr = a.curr
    WHERE a.approved
) x
WHERE ROUND(CAST(x.total - x.paid AS numeric), x.decimals) <> 0
    AND (x.inexact = 0 OR ABS(x.total - x.paid) > x.inexact)
