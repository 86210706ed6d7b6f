-- Odoo 16 and later (before, account_account has no account_type): the receivable accounts by currency, from the lines of the
-- journal, which know nothing of an invoice's own columns. Payments that no invoice has used are in it. Residuals, since a
-- payment in another currency takes them off the invoice's line too. Not by customer: a line's partner is the company behind
-- the contact that an invoice names.
SELECT
    l.company_id AS company,
    c.name AS currency,
    SUM(l.amount_residual_currency) AS balance
FROM {account_move_line} l
LEFT JOIN {res_currency} c ON c.id = l.currency_id
WHERE l.parent_state = 'posted'
    AND l.account_id IN (SELECT a.id FROM {account_account} a WHERE a.account_type = 'asset_receivable')
GROUP BY l.company_id, c.name
