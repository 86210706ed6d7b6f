-- kivitendo: the accounts linked to AR by customer and currency, from the journal, which the list does not read. Lines are in the
-- company's currency, so those of a document are divided by its rate; what was journalled without a document is the company's.
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
        (
            SELECT MIN(k.name) FROM {currencies} k
            WHERE k.id = COALESCE(a.currency_id, (SELECT h.currency_id FROM {defaults} h))
        ) AS currency,
        (SELECT MIN(c.customernumber) FROM {customer} c WHERE c.id = a.customer_id) AS customer_id,
        -SUM(l.amount) AS rest,
        CASE
            WHEN COALESCE(a.currency_id, (SELECT h.currency_id FROM {defaults} h)) = (SELECT h.currency_id FROM {defaults} h)
            THEN 1
            ELSE COALESCE(NULLIF(a.exchangerate, 0), (
                SELECT MAX(NULLIF(r.buy, 0)) FROM {exchangerate} r
                WHERE r.currency_id = a.currency_id AND r.transdate = a.transdate
            ))
        END AS rate
    FROM {acc_trans} l
    LEFT JOIN {ar} a ON a.id = l.trans_id
    WHERE l.chart_id IN (SELECT h.id FROM {chart} h WHERE h.link ~ '(^|:)AR(:|$)')
    GROUP BY l.trans_id, a.id, a.currency_id, a.customer_id, a.exchangerate, a.transdate
) d
GROUP BY d.currency, d.customer_id
