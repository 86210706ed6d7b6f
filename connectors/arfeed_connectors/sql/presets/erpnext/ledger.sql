-- ERPNext 13 and later: the receivable accounts by customer and currency, from the general ledger, which the list never reads.
-- Advances and unused payments are in it. An entry that was cancelled stays, and is marked; where the ledger may not change it is
-- reversed instead. Dust below the smallest coin is rounded away. As in the list, a payment counts from its day on, and an invoice at once.
SELECT
    g.company AS company,
    g.party AS customer_id,
    g.account_currency AS currency,
    ROUND(
        SUM(g.debit_in_account_currency - g.credit_in_account_currency),
        CASE
            WHEN g.account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
            WHEN g.account_currency IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
            ELSE 2
        END
    ) AS balance
FROM {GL Entry} g
WHERE g.is_cancelled = 0
    AND g.party_type = 'Customer'
    AND g.account IN (SELECT a.name FROM {Account} a WHERE a.account_type = 'Receivable')
    AND (g.posting_date <= CURRENT_DATE OR g.voucher_type = 'Sales Invoice')
GROUP BY g.company, g.party, g.account_currency
