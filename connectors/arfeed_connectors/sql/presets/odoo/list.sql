-- Odoo 13 and later (up to 12 invoices lie in account_invoice). PostgreSQL.
-- Amounts are in the invoice's currency and positive for refunds too, so refunds are negated here.
-- The debtor is the commercial partner, as on the receivable line and in Odoo's own aged report; a contact or an address of it, which
-- need not have a name, is where the invoice was sent. Due is the first instalment with something left; invoice_date_due is the last.
-- Drafts are named "/" or nothing: only posted documents count. What is in_payment mostly has residual 0, and is paid. From 18 on a payment
-- may have no entry in the journal; then the invoice is called in_payment, or paid, and stays open here as in the journal and in Odoo's
-- aged report until the bank's statement is matched.
-- Two companies may use the same number, so `company` (the id) must be given if there are several.
-- Joins keep the invoice where a partner or currency is lost: a blank is refused later, a row that is gone is not.
SELECT
    m.name AS invoice_ref,
    CASE m.move_type WHEN 'out_refund' THEN 'credit_note' ELSE 'invoice' END AS kind,
    m.company_id AS company,
    p.id AS customer_id,
    p.name AS customer_name,
    COALESCE(NULLIF(a.email, ''), p.email) AS customer_email,
    c.name AS currency,
    m.invoice_date AS issued_on,
    COALESCE((
        SELECT MIN(l.date_maturity) FROM {account_move_line} l
        WHERE l.move_id = m.id AND l.date_maturity IS NOT NULL AND l.amount_residual_currency <> 0
    ), m.invoice_date_due) AS due_on,
    CASE m.move_type WHEN 'out_refund' THEN -m.amount_total ELSE m.amount_total END AS amount,
    CASE m.move_type WHEN 'out_refund' THEN -m.amount_residual ELSE m.amount_residual END AS balance,
    m.ref AS memo
FROM {account_move} m
LEFT JOIN {res_partner} a ON a.id = m.partner_id
LEFT JOIN {res_partner} p ON p.id = COALESCE(m.commercial_partner_id, m.partner_id)
LEFT JOIN {res_currency} c ON c.id = m.currency_id
WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
    AND m.state = 'posted'
    AND m.amount_residual <> 0
