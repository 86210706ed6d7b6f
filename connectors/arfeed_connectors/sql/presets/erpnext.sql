-- ERPNext 13 and later. MariaDB; tables have a space in their names.
-- outstanding_amount is in party_account_currency, not in the invoice's currency. The total in that currency is
-- base_grand_total, or grand_total where both currencies are the same; rounded totals go first where rounding is on.
-- Less than half of the smallest coin is dust that payments left behind, in three-decimal currencies a tenth of that.
-- A return whose outstanding amount is positive is owed by the customer, so it is no credit.
-- docstatus 0 is a draft, 2 is cancelled.
SELECT
    s.name AS invoice_ref,
    CASE WHEN s.is_return = 1 AND s.outstanding_amount < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
    s.company AS company,
    s.customer AS customer_id,
    s.customer_name AS customer_name,
    s.contact_email AS customer_email,
    s.party_account_currency AS currency,
    s.posting_date AS issued_on,
    s.due_date AS due_on,
    CASE
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
