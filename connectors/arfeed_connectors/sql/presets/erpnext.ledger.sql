-- ERPNext 13 and later: the receivable accounts by customer and currency, from the general ledger. Advances and journal
-- entries are in it. An entry that was cancelled stays, and is marked; with the immutable ledger it is reversed instead.
SELECT
    g.company AS company,
    g.party AS customer_id,
    g.account_currency AS currency,
    SUM(g.debit_in_account_currency - g.credit_in_account_currency) AS balance
FROM {GL Entry} g
WHERE g.is_cancelled = 0
    AND g.party_type = 'Customer'
    AND g.account IN (SELECT a.name FROM {Account} a WHERE a.account_type = 'Receivable')
GROUP BY g.company, g.party, g.account_currency
