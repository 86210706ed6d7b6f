-- Odoo 16 and later (before, account_account has no account_type): the receivable accounts by customer and currency, from the lines
-- of the journal, which know nothing of an invoice's own columns. Payments that no invoice has used are in it, and what was journalled
-- without an invoice. Residuals, since a payment in another currency takes them off the invoice's line too. A payment's line may name a
-- contact; its commercial partner is the debtor.
SELECT
    l.company_id AS company,
    COALESCE(p.commercial_partner_id, l.partner_id) AS customer_id,
    c.name AS currency,
    SUM(l.amount_residual_currency) AS balance
FROM {account_move_line} l
LEFT JOIN {res_partner} p ON p.id = l.partner_id
LEFT JOIN {res_currency} c ON c.id = l.currency_id
WHERE l.parent_state = 'posted'
    AND l.account_id IN (SELECT a.id FROM {account_account} a WHERE a.account_type = 'asset_receivable')
GROUP BY l.company_id, COALESCE(p.commercial_partner_id, l.partner_id), c.name
