-- FrontAccounting 2.4: what customers owe by the general ledger, on the receivable accounts of their branches, whose entries are in
-- the company's currency. Payments and journals are in it, so it owes less than the list by what nobody has allocated yet. For
-- customers in another currency it is the sum of all their documents instead, allocated or not.
SELECT
    c.curr_code AS currency,
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.debtor_ref, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&') AS customer_id,
    CASE
        WHEN c.curr_code = (SELECT y.value FROM {sys_prefs} y WHERE y.name = 'curr_default') THEN COALESCE(l.booked, 0)
        ELSE COALESCE(d.documents, 0)
    END AS balance
FROM {debtors_master} c
LEFT JOIN (
    SELECT CAST(g.person_id AS SIGNED) AS debtor_no, ROUND(SUM(g.amount), 2) AS booked
    FROM {gl_trans} g
    WHERE g.person_type_id = 2 AND g.account IN (SELECT b.receivables_account FROM {cust_branch} b)
    GROUP BY CAST(g.person_id AS SIGNED)
) l ON l.debtor_no = c.debtor_no
LEFT JOIN (
    SELECT
        t.debtor_no,
        ROUND(SUM(CASE WHEN t.type IN (2, 11, 12) THEN -1 ELSE 1 END * CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END), 2) AS documents
    FROM {debtor_trans} t
    WHERE t.type <> 13
    GROUP BY t.debtor_no
) d ON d.debtor_no = c.debtor_no
