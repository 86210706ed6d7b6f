-- ERPNext 13, which has no payment ledger: chosen where that table is missing. Not held against the program.
-- Open is outstanding_amount, which a payment dated later than today lowers at once; debts by journal entry are not listed. The schedule knows
-- only of payments that named an instalment; everything else pays the earliest first. All else is as in erpnext.sql.
SELECT
    s.name AS invoice_ref,
    CASE WHEN s.is_return = 1 AND s.outstanding_amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
    s.company AS company,
    s.customer AS customer_id,
    s.customer_name AS customer_name,
    s.contact_email AS customer_email,
    s.party_account_currency AS currency,
    s.posting_date AS issued_on,
    COALESCE((
        SELECT MIN(p.due_date) FROM {Payment Schedule} p
        WHERE p.parent = s.name AND p.parenttype = 'Sales Invoice' AND p.outstanding > 0.0005
            AND (s.party_account_currency <> s.currency OR COALESCE((
                SELECT SUM(q.outstanding) FROM {Payment Schedule} q
                WHERE q.parent = s.name AND q.parenttype = 'Sales Invoice' AND q.due_date > p.due_date
            ), 0) < s.outstanding_amount - 0.005)
    ), s.due_date) AS due_on,
    CASE
        WHEN s.is_return = 1 AND s.outstanding_amount > 0 THEN NULL
        WHEN s.party_account_currency = s.currency THEN COALESCE(NULLIF(s.rounded_total, 0), s.grand_total)
        ELSE COALESCE(NULLIF(s.base_rounded_total, 0), s.base_grand_total)
    END AS amount,
    s.outstanding_amount AS balance,
    s.po_no AS po_number
FROM {Sales Invoice} s
WHERE s.docstatus = 1
    AND ABS(s.outstanding_amount) >= CASE
        WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
        ELSE 0.005
    END
