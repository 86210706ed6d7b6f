-- ERPNext 14 and later (13 has no Payment Ledger Entry: give a closed_query of your own): what became of sales invoices, by name,
-- whatever their docstatus; every column is worded as in erpnext.sql.
-- A payment that is dated later than today, such as a post-dated cheque, sets outstanding_amount to 0 at once and the status to
-- Paid; until its day the invoice is open all the same, as in ERPNext's own report. Its amount is negative in the ledger.
SELECT
    q.invoice_ref,
    CASE WHEN q.is_return = 1 AND q.rest < q.dust THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE
        WHEN q.docstatus = 2 THEN 'void'
        WHEN q.docstatus = 0 THEN 'draft'
        WHEN ABS(q.rest) < q.dust THEN 'paid'
        ELSE 'open'
    END AS status,
    q.company,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.docstatus <> 1 OR ABS(q.rest) < q.dust THEN 0 ELSE q.rest END AS balance,
    q.po_number
FROM (
    SELECT
        s.name AS invoice_ref,
        s.is_return AS is_return,
        s.docstatus AS docstatus,
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
        s.outstanding_amount - COALESCE((
            SELECT SUM(l.amount_in_account_currency) FROM {Payment Ledger Entry} l
            WHERE l.against_voucher_type = 'Sales Invoice' AND l.against_voucher_no = s.name AND l.delinked = 0
                AND l.posting_date > CURRENT_DATE AND l.voucher_no <> s.name
        ), 0) AS rest,
        CASE
            WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END AS dust,
        s.po_no AS po_number
    FROM {Sales Invoice} s
) q
