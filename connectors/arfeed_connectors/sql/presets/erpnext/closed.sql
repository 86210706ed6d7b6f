-- ERPNext 14 and later: what became of sales invoices and of debts by journal entry, by number, whatever their docstatus; every
-- column is worded as in erpnext.sql, and no table is joined, so that a lost customer loses no invoice.
-- Cancelled is void, also where the invoice was amended: it lives on as NAME-1 or under the next number. What nothing is left of
-- is paid: by money, a credit note, a write-off or a journal entry. A payment dated later than today does not count before its day.
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
    CASE WHEN q.is_return = 1 AND q.docstatus = 1 AND q.rest >= q.dust THEN NULL ELSE q.total END AS amount,
    CASE WHEN q.docstatus <> 1 OR ABS(q.rest) < q.dust THEN 0 ELSE q.rest END AS balance,
    q.po_number
FROM (
    SELECT
        s.name AS invoice_ref,
        s.is_return AS is_return,
        s.docstatus AS docstatus,
        s.company AS company,
        s.customer AS customer_id,
        COALESCE(
            NULLIF((SELECT c.customer_name FROM {Customer} c WHERE c.name = s.customer), ''), s.customer_name
        ) AS customer_name,
        COALESCE(
            NULLIF(s.contact_email, ''), (SELECT c.email_id FROM {Customer} c WHERE c.name = s.customer)
        ) AS customer_email,
        s.party_account_currency AS currency,
        s.posting_date AS issued_on,
        s.due_date AS due_on,
        CASE
            WHEN s.party_account_currency = s.currency THEN COALESCE(NULLIF(s.rounded_total, 0), s.grand_total)
            ELSE COALESCE(NULLIF(s.base_rounded_total, 0), s.base_grand_total)
        END AS total,
        COALESCE((
            SELECT SUM(l.amount_in_account_currency) FROM {Payment Ledger Entry} l
            WHERE l.against_voucher_type = 'Sales Invoice' AND l.against_voucher_no = s.name AND l.delinked = 0
                AND (l.posting_date <= CURRENT_DATE OR l.voucher_no = s.name)
        ), s.outstanding_amount) AS rest,
        CASE
            WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END AS dust,
        s.po_no AS po_number
    FROM {Sales Invoice} s
) q
UNION ALL
SELECT
    o.invoice_ref,
    'invoice' AS kind,
    CASE WHEN o.docstatus = 2 THEN 'void' WHEN o.rest < o.dust THEN 'paid' ELSE 'open' END AS status,
    o.company,
    o.customer_id,
    COALESCE(
        NULLIF((SELECT c.customer_name FROM {Customer} c WHERE c.name = o.customer_id), ''), o.customer_id
    ) AS customer_name,
    (SELECT c.email_id FROM {Customer} c WHERE c.name = o.customer_id) AS customer_email,
    o.currency,
    o.issued_on,
    o.due_on,
    NULL AS amount,
    CASE WHEN o.docstatus = 2 OR o.rest < o.dust THEN 0 ELSE o.rest END AS balance,
    NULL AS po_number
FROM (
    SELECT
        REPLACE(REPLACE('<entry> / <customer>', '<entry>', l.against_voucher_no), '<customer>', l.party) AS invoice_ref,
        l.company AS company,
        l.party AS customer_id,
        MIN(l.account_currency) AS currency,
        (SELECT j.docstatus FROM {Journal Entry} j WHERE j.name = l.against_voucher_no) AS docstatus,
        (SELECT j.posting_date FROM {Journal Entry} j WHERE j.name = l.against_voucher_no) AS issued_on,
        (SELECT j.due_date FROM {Journal Entry} j WHERE j.name = l.against_voucher_no) AS due_on,
        SUM(CASE
            WHEN l.delinked = 0 AND (l.posting_date <= CURRENT_DATE OR l.voucher_no = l.against_voucher_no)
            THEN l.amount_in_account_currency
            ELSE 0
        END) AS rest,
        CASE
            WHEN MIN(l.account_currency) IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END AS dust
    FROM {Payment Ledger Entry} l
    WHERE l.against_voucher_type = 'Journal Entry' AND l.account_type = 'Receivable' AND l.party_type = 'Customer'
    GROUP BY l.company, l.against_voucher_no, l.party
) o
