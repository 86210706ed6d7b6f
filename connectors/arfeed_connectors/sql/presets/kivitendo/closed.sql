-- kivitendo: what became of documents, by number; every column is worded as in kivitendo.sql, and no table is joined.
-- storno is void, whatever was left. A credit note names its invoice, but settles neither: a payment does. A number without an answer
-- was deleted, which users may for some days.
SELECT
    x.invoice_ref,
    x.kind,
    CASE WHEN x.storno THEN 'void' WHEN x.rest = 0 THEN 'paid' ELSE 'open' END AS status,
    x.customer_id,
    x.customer_name,
    x.customer_email,
    x.currency,
    x.issued_on,
    x.due_on,
    ROUND(x.total / x.rate, x.decimals) AS amount,
    CASE WHEN x.storno OR x.rest = 0 THEN 0 ELSE ROUND(x.rest / x.rate, x.decimals) END AS balance,
    x.po_number
FROM (
    SELECT
        a.invnumber AS invoice_ref,
        CASE WHEN a.amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
        COALESCE(a.storno, false) AS storno,
        (SELECT MIN(c.customernumber) FROM {customer} c WHERE c.id = a.customer_id) AS customer_id,
        (SELECT MIN(c.name) FROM {customer} c WHERE c.id = a.customer_id) AS customer_name,
        (
            SELECT MIN(COALESCE(NULLIF(c.invoice_mail, ''), c.email)) FROM {customer} c WHERE c.id = a.customer_id
        ) AS customer_email,
        (SELECT MIN(k.name) FROM {currencies} k WHERE k.id = a.currency_id) AS currency,
        a.transdate AS issued_on,
        a.duedate AS due_on,
        a.amount AS total,
        CASE WHEN a.amount = a.paid THEN 0 ELSE COALESCE((
            SELECT -SUM(l.amount) FROM {acc_trans} l
            WHERE l.trans_id = a.id AND l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR(:|$)')
        ), a.amount - a.paid) END AS rest,
        CASE
            WHEN a.currency_id = (SELECT d.currency_id FROM {defaults} d) THEN 1
            ELSE COALESCE(NULLIF(a.exchangerate, 0), (
                SELECT MAX(NULLIF(r.buy, 0)) FROM {exchangerate} r
                WHERE r.currency_id = a.currency_id AND r.transdate = a.transdate
            ))
        END AS rate,
        CASE
            WHEN (SELECT MIN(k.name) FROM {currencies} k WHERE k.id = a.currency_id)
                IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
            WHEN (SELECT MIN(k.name) FROM {currencies} k WHERE k.id = a.currency_id)
                IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
            ELSE 2
        END AS decimals,
        a.cusordnumber AS po_number
    FROM {ar} a
) x
