-- LedgerSMB 1.6 on PostgreSQL, a database a company. From 1.7 on the tables are others (amount_bc, amount_tc): not for this query.
-- What is open lies in no column: it is what the document's journal lines leave on the accounts linked to AR, in the company's
-- currency and unrounded. Divided by the rate of the document's day it is the document's own; a day without a rate leaves the balance
-- blank, a problem of that row. Less than half of the company's cent is nothing, since payments are rounded to cents and invoices
-- are not. fx_transaction can't be used: receipts in bulk do not set it.
-- A draft is a document that is not approved, and so is a receipt's line in a batch that nobody has posted: neither counts. The
-- program's own ageing counts both, and writes the company's amounts beside the document's currency.
-- Void makes a second document, NUMBER-VOID, of the amount turned, and leaves both open; the two are left out. What was closed by hand
-- (force_closed) is closed. Payments that no invoice has used are not documents, and not listed.
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
        c.meta_number AS customer_id,
        e.name AS customer_name,
        (
            SELECT MIN(m.contact) FROM {eca_to_contact} m
            WHERE m.credit_id = a.entity_credit_account AND m.contact_class_id IN (12, 15)
        ) AS customer_email,
        TRIM(a.curr) AS currency,
        a.transdate AS issued_on,
        a.duedate AS due_on,
        a.amount AS total,
        -COALESCE(j.left_over, 0) AS rest,
        CASE
            WHEN TRIM(a.curr) = SPLIT_PART((SELECT d.value FROM {defaults} d WHERE d.setting_key = 'curr'), ':', 1) THEN 1
            ELSE NULLIF(r.buy, 0)
        END AS rate,
        CASE
            WHEN TRIM(a.curr) IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
            WHEN TRIM(a.curr) IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
            ELSE 2
        END AS decimals,
        a.ponumber AS po_number
    FROM {ar} a
    LEFT JOIN (
        SELECT l.trans_id, SUM(l.amount) AS left_over
        FROM {acc_trans} l
        WHERE l.approved AND l.chart_id IN (SELECT k.account_id FROM {account_link} k WHERE k.description = 'AR')
        GROUP BY l.trans_id
    ) j ON j.trans_id = a.id
    LEFT JOIN {exchangerate} r ON r.curr = a.curr AND r.transdate = a.transdate
    LEFT JOIN {entity_credit_account} c ON c.id = a.entity_credit_account
    LEFT JOIN {entity} e ON e.id = c.entity_id
    WHERE a.approved AND a.force_closed IS NOT TRUE
        AND NOT EXISTS (
            SELECT 1 FROM {ar} v
            WHERE v.invnumber = a.invnumber || '-VOID' AND v.reverse AND v.approved AND v.amount = -a.amount
                AND v.entity_credit_account = a.entity_credit_account
        )
        AND NOT EXISTS (
            SELECT 1 FROM {ar} w
            WHERE a.reverse AND w.invnumber || '-VOID' = a.invnumber AND w.approved AND w.amount = -a.amount
                AND w.entity_credit_account = a.entity_credit_account
        )
) x
WHERE ROUND(x.rest, 2) <> 0
    AND (x.rate IS NULL OR ROUND(x.rest / x.rate, x.decimals) <> 0)
