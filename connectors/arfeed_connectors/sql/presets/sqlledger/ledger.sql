-- SQL-Ledger 3.2: the receivable accounts by customer and currency, from the journal's rows that the list does not read. They are in
-- the company's currency, so those of a document are divided by its rate; what was journalled without a document is the company's.
SELECT
    d.currency,
    d.customer_id,
    SUM(d.balance) AS balance
FROM (
    SELECT
        TRIM(COALESCE(a.curr, (SELECT k.curr FROM {curr} k WHERE k.rn = 1))) AS currency,
        (SELECT MIN(c.customernumber) FROM {customer} c WHERE c.id = a.customer_id) AS customer_id,
        ROUND(
            CAST(-SUM(l.amount) / COALESCE(NULLIF(a.exchangerate, 0), 1) AS numeric),
            (SELECT COALESCE(MIN(k.prec), 2) FROM {curr} k WHERE k.curr = a.curr OR k.rn = 1)
        ) AS balance
    FROM {acc_trans} l
    LEFT JOIN {ar} a ON a.id = l.trans_id
    WHERE l.approved AND l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR(:|$)')
    GROUP BY l.trans_id, a.id, a.curr, a.customer_id, a.exchangerate
) d
GROUP BY d.currency, d.customer_id
