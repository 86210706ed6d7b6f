-- SQL-Ledger 3.2: what became of documents, by number; every column is worded as in sqlledger.sql, and no table is joined.
-- There is no void: a number without an answer was deleted. A credit note is never used on an invoice; a receipt of 0 over both
-- settles the two, so that they are paid.
SELECT
    q.invoice_ref,
    q.kind,
    CASE WHEN NOT q.approved THEN 'draft' WHEN q.balance = 0 THEN 'paid' ELSE 'open' END AS status,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.approved THEN q.balance ELSE 0 END AS balance,
    q.po_number
FROM (
    SELECT
        x.*,
        ROUND(CAST(x.total AS numeric), x.decimals) AS amount,
        CASE
            WHEN ABS(x.total - x.paid) <= x.inexact THEN 0
            ELSE ROUND(CAST(x.total - x.paid AS numeric), x.decimals)
        END AS balance
    FROM (
        SELECT
            a.invnumber AS invoice_ref,
            CASE WHEN a.amount < 0 THEN 'credit_note' WHEN a.amount = 0 THEN 'payment' ELSE 'invoice' END AS kind,
            a.approved,
            (SELECT MIN(c.customernumber) FROM {customer} c WHERE c.id = a.customer_id) AS customer_id,
            (
                SELECT MIN(CASE
                    WHEN c.name ~ '[\u0080-\u00ff]'
                        AND c.name ~ '^([\u0001-\u007f]|[\u00c2-\u00df][\u0080-\u00bf]|[\u00e0-\u00ef][\u0080-\u00bf]{2})*$'
                    THEN CONVERT_FROM(CONVERT_TO(c.name, 'LATIN1'), 'UTF8')
                    ELSE c.name
                END)
                FROM {customer} c WHERE c.id = a.customer_id
            ) AS customer_name,
            (SELECT MIN(c.email) FROM {customer} c WHERE c.id = a.customer_id) AS customer_email,
            TRIM(a.curr) AS currency,
            a.transdate AS issued_on,
            a.duedate AS due_on,
            COALESCE((SELECT k.prec FROM {curr} k WHERE k.curr = a.curr), 2) AS decimals,
            CASE
                WHEN a.invoice THEN a.amount / COALESCE(NULLIF(a.exchangerate, 0), 1)
                ELSE COALESCE((
                    SELECT SUM(l.amount) FROM {acc_trans} l
                    WHERE l.trans_id = a.id AND NOT l.fx_transaction AND (l.approved OR NOT a.approved)
                        AND l.chart_id NOT IN (
                            SELECT h.id FROM {chart} h
                            WHERE h.link ~ '(^|:)AR_(paid|discount)(:|$)' OR h.link ~ '(^|:)AR(:|$)'
                        )
                ), 0)
            END AS total,
            COALESCE((
                SELECT -SUM(l.amount) FROM {acc_trans} l
                WHERE l.trans_id = a.id AND NOT l.fx_transaction AND l.approved
                    AND l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR_(paid|discount)(:|$)')
            ), 0) AS paid,
            CASE
                WHEN a.invoice AND (SELECT k.rn FROM {curr} k WHERE k.curr = a.curr) <> 1
                THEN 0.01 / COALESCE(NULLIF(a.exchangerate, 0), 1)
                ELSE 0
            END AS inexact,
            a.ponumber AS po_number
        FROM {ar} a
    ) x
) q
