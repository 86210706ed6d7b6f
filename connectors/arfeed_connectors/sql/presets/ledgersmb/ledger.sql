-- LedgerSMB 1.6: the accounts linked to AR by customer and currency, from the journal, whatever its document says of itself: an
-- invoice that was closed by hand, or whose customer is lost, is in it. Lines are in the company's currency, so those of a document
-- are divided by the rate of its day; what was journalled without a document is the company's.
SELECT
    d.currency,
    d.customer_id,
    SUM(ROUND(
        d.rest / d.rate,
        CASE
            WHEN d.currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
            WHEN d.currency IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF') THEN 0
            ELSE 2
        END
    )) AS balance
FROM (
    SELECT
        COALESCE(TRIM(a.curr), h.curr) AS currency,
        (SELECT c.meta_number FROM {entity_credit_account} c WHERE c.id = a.entity_credit_account) AS customer_id,
        CASE WHEN ROUND(SUM(l.amount), 2) = 0 THEN 0 ELSE -SUM(l.amount) END AS rest,
        CASE
            WHEN COALESCE(TRIM(a.curr), h.curr) = h.curr THEN 1
            ELSE (SELECT NULLIF(r.buy, 0) FROM {exchangerate} r WHERE r.curr = a.curr AND r.transdate = a.transdate)
        END AS rate
    FROM {acc_trans} l
    CROSS JOIN (SELECT SPLIT_PART(d.value, ':', 1) AS curr FROM {defaults} d WHERE d.setting_key = 'curr') h
    LEFT JOIN {ar} a ON a.id = l.trans_id
    WHERE l.approved AND COALESCE(a.approved, true)
        AND l.chart_id IN (SELECT k.account_id FROM {account_link} k WHERE k.description = 'AR')
    GROUP BY l.trans_id, a.id, a.curr, a.transdate, a.entity_credit_account, h.curr
) d
GROUP BY d.currency, d.customer_id
