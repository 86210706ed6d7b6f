-- LedgerSMB 1.6: what became of documents, by number; every column is worded as in ledgersmb.sql, and no table is joined.
-- Void is the document that has a NUMBER-VOID beside it, and that one too. Closed by hand is paid, whatever was left. A number
-- without an answer was a draft that somebody deleted: what is posted can't be.
SELECT
    x.invoice_ref,
    x.kind,
    x.status,
    x.customer_id,
    x.customer_name,
    x.customer_email,
    x.currency,
    x.issued_on,
    x.due_on,
    ROUND(x.total / x.rate, x.decimals) AS amount,
    CASE WHEN x.status = 'open' THEN ROUND(x.rest / x.rate, x.decimals) ELSE 0 END AS balance,
    x.po_number
FROM (
    SELECT
        y.*,
        CASE
            WHEN NOT y.approved THEN 'draft'
            WHEN y.voided THEN 'void'
            WHEN y.force_closed OR ROUND(y.rest, 2) = 0 OR ROUND(y.rest / y.rate, y.decimals) = 0 THEN 'paid'
            ELSE 'open'
        END AS status
    FROM (
        SELECT
            a.invnumber AS invoice_ref,
            CASE WHEN a.amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
            a.approved,
            a.force_closed,
            EXISTS (
                SELECT 1 FROM {ar} v
                WHERE v.approved AND v.amount = -a.amount AND v.entity_credit_account = a.entity_credit_account
                    AND v.invnumber = a.invnumber || '-VOID' AND v.reverse
            ) OR (
                a.reverse AND EXISTS (
                    SELECT 1 FROM {ar} w
                    WHERE w.approved AND w.amount = -a.amount AND w.entity_credit_account = a.entity_credit_account
                        AND w.invnumber = REGEXP_REPLACE(a.invnumber, '-VOID$', '') AND a.invnumber LIKE '%-VOID'
                )
            ) AS voided,
            (
                SELECT c.meta_number FROM {entity_credit_account} c WHERE c.id = a.entity_credit_account
            ) AS customer_id,
            (
                SELECT e.name FROM {entity} e WHERE e.id = (
                    SELECT c.entity_id FROM {entity_credit_account} c WHERE c.id = a.entity_credit_account
                )
            ) AS customer_name,
            (
                SELECT MIN(m.contact) FROM {eca_to_contact} m
                WHERE m.credit_id = a.entity_credit_account AND m.contact_class_id IN (12, 15)
            ) AS customer_email,
            TRIM(a.curr) AS currency,
            a.transdate AS issued_on,
            a.duedate AS due_on,
            a.amount AS total,
            COALESCE((
                SELECT -SUM(l.amount) FROM {acc_trans} l
                WHERE l.trans_id = a.id AND l.approved
                    AND l.chart_id IN (SELECT k.account_id FROM {account_link} k WHERE k.description = 'AR')
            ), 0) AS rest,
            CASE
                WHEN TRIM(a.curr) = SPLIT_PART((SELECT d.value FROM {defaults} d WHERE d.setting_key = 'curr'), ':', 1) THEN 1
                ELSE (
                    SELECT MAX(NULLIF(r.buy, 0)) FROM {exchangerate} r WHERE r.curr = a.curr AND r.transdate = a.transdate
                )
            END AS rate,
            CASE
                WHEN TRIM(a.curr) IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
                WHEN TRIM(a.curr) IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
                ELSE 2
            END AS decimals,
            a.ponumber AS po_number
        FROM {ar} a
    ) y
) x
