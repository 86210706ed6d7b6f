-- ERPNext 13: what became of sales invoices, by number; every column is worded as in erpnext.13.sql.
SELECT
    s.name AS invoice_ref,
    CASE WHEN s.is_return = 1 AND s.outstanding_amount <= 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE
        WHEN s.docstatus = 2 THEN 'void'
        WHEN s.docstatus = 0 THEN 'draft'
        WHEN ABS(s.outstanding_amount) < CASE
            WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END THEN 'paid'
        ELSE 'open'
    END AS status,
    s.company AS company,
    s.customer AS customer_id,
    s.customer_name AS customer_name,
    s.contact_email AS customer_email,
    s.party_account_currency AS currency,
    s.posting_date AS issued_on,
    s.due_date AS due_on,
    CASE
        WHEN s.is_return = 1 AND s.docstatus = 1 AND s.outstanding_amount > 0 THEN NULL
        WHEN s.party_account_currency = s.currency THEN COALESCE(NULLIF(s.rounded_total, 0), s.grand_total)
        ELSE COALESCE(NULLIF(s.base_rounded_total, 0), s.base_grand_total)
    END AS amount,
    CASE
        WHEN s.docstatus <> 1 OR ABS(s.outstanding_amount) < CASE
            WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END THEN 0
        ELSE s.outstanding_amount
    END AS balance,
    s.po_no AS po_number
FROM {Sales Invoice} s
