-- Odoo: what became of customers' documents, by number, whatever their state; every column is worded as in odoo.sql.
-- Cancelled is void. A document that was reset to draft keeps its number, and is a draft.
SELECT
    m.name AS invoice_ref,
    CASE m.move_type WHEN 'out_refund' THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE
        WHEN m.state = 'cancel' THEN 'void'
        WHEN m.state <> 'posted' THEN 'draft'
        WHEN m.amount_residual = 0 THEN 'paid'
        ELSE 'open'
    END AS status,
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
    CASE WHEN m.state <> 'posted' THEN 0 WHEN m.move_type = 'out_refund' THEN -m.amount_residual ELSE m.amount_residual END
        AS balance,
    m.ref AS memo
FROM {account_move} m
LEFT JOIN {res_partner} a ON a.id = m.partner_id
LEFT JOIN {res_partner} p ON p.id = COALESCE(m.commercial_partner_id, m.partner_id)
LEFT JOIN {res_currency} c ON c.id = m.currency_id
WHERE m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
