-- Tryton: the receivable accounts by customer and currency, from the lines that nothing reconciles, whatever invoice they are of.
-- Payments that no invoice has used are in it, and what was journalled without an invoice.
SELECT
    a.company AS company,
    (SELECT p.code FROM {party_party} p WHERE p.id = l.party) AS customer_id,
    c.code AS currency,
    SUM(CASE WHEN l.second_currency IS NULL THEN l.debit - l.credit ELSE l.amount_second_currency END) AS balance
FROM {account_move_line} l
JOIN {account_account} a ON a.id = l.account
JOIN {account_account_type} t ON t.id = a.type
JOIN {company_company} f ON f.id = a.company
LEFT JOIN {currency_currency} c ON c.id = COALESCE(l.second_currency, f.currency)
WHERE t.receivable AND l.reconciliation IS NULL
GROUP BY a.company, l.party, c.code
