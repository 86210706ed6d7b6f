-- kivitendo 3.6 and later on PostgreSQL, a database a client. SQL-Ledger's child, but with exact numbers and its own columns.
-- ar.amount and ar.paid are in the company's currency, payments at the document's rate: its own exchangerate, or the one of its day.
-- That table has no unique key, so it is asked for a rate and never joined. Without one the balance is blank, a problem of that row.
-- The company's cents make yen inexact by one; the exact figures lie in the lines only.
-- What is open lies in the journal, on the accounts linked to AR: whoever deletes a storno has ar.paid set to 0, whatever was paid before.
-- storno is true for both, the document that was taken back and its Storno-NUMBER; the first keeps a rest if it was paid in part,
-- which the program's own ageing hides too. There are no drafts in this table. Payments of the future count at once.
SELECT
    x.invoice_ref,
    x.kind,
    x.customer_id,
    x.customer_name,
    x.customer_email,
    x.currency,
    x.issued_on,
    x.due_on,
    ROUND(x.total / x.rate, x.decimals) AS amount,
    ROUND(x.rest / x.rate, x.decimals) AS balance,
    x.po_number
FROM (
    SELECT
        a.invnumber AS invoice_ref,
        CASE WHEN a.amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
        c.customernumber AS customer_id,
        c.name AS customer_name,
        COALESCE(NULLIF(c.invoice_mail, ''), c.email) AS customer_email,
        k.name AS currency,
        a.transdate AS issued_on,
        a.duedate AS due_on,
        a.amount AS total,
        COALESCE(j.rest, a.amount - a.paid) AS rest,
        CASE
            WHEN a.currency_id = (SELECT d.currency_id FROM {defaults} d) THEN 1
            ELSE COALESCE(NULLIF(a.exchangerate, 0), (
                SELECT MAX(NULLIF(r.buy, 0)) FROM {exchangerate} r
                WHERE r.currency_id = a.currency_id AND r.transdate = a.transdate
            ))
        END AS rate,
        CASE
            WHEN k.name IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
            WHEN k.name IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
            ELSE 2
        END AS decimals,
        a.cusordnumber AS po_number
    FROM {ar} a
    LEFT JOIN {customer} c ON c.id = a.customer_id
    LEFT JOIN {currencies} k ON k.id = a.currency_id
    LEFT JOIN (
        SELECT l.trans_id, -SUM(l.amount) AS rest
        FROM {acc_trans} l
        WHERE l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR(:|$)')
            AND l.trans_id IN (SELECT o.id FROM {ar} o WHERE o.storno IS NOT TRUE AND o.amount <> o.paid)
        GROUP BY l.trans_id
    ) j ON j.trans_id = a.id
    WHERE a.storno IS NOT TRUE
        AND a.amount <> a.paid
) x
WHERE x.rest <> 0
