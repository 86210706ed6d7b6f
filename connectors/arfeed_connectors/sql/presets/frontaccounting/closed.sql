-- FrontAccounting 2.4: what became of invoices and credit notes, by number; every column is worded as in frontaccounting.sql, and no
-- table is joined. A voided document has amounts of 0, so its own row says void; where the number was given out again there are two.
-- The numbers have no index and are decoded, so the table is read once for all that are asked for.
SELECT
    q.invoice_ref,
    CASE q.type WHEN 11 THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE WHEN q.voided THEN 'void' WHEN ABS(q.rest) <= 0.004 THEN 'paid' ELSE 'open' END AS status,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    CASE q.type WHEN 11 THEN -1 ELSE 1 END * ROUND(q.total, 4) AS amount,
    CASE WHEN q.voided OR ABS(q.rest) <= 0.004 THEN 0 WHEN q.type = 11 THEN -ROUND(q.rest, 4) ELSE ROUND(q.rest, 4) END
        AS balance,
    q.po_number
FROM (
    SELECT
        REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(t.reference, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&') AS invoice_ref,
        t.type AS type,
        EXISTS (SELECT 1 FROM {voided} v WHERE v.type = t.type AND v.id = t.trans_no) AS voided,
        (
            SELECT REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.debtor_ref, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&')
            FROM {debtors_master} c WHERE c.debtor_no = t.debtor_no
        ) AS customer_id,
        (
            SELECT REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.name, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&')
            FROM {debtors_master} c WHERE c.debtor_no = t.debtor_no
        ) AS customer_name,
        (
            SELECT MIN(p.email) FROM {crm_contacts} k JOIN {crm_persons} p ON p.id = k.person_id
            WHERE k.type = 'customer' AND k.action = 'general' AND k.entity_id = CAST(t.debtor_no AS CHAR) AND p.email <> ''
        ) AS customer_email,
        (SELECT c.curr_code FROM {debtors_master} c WHERE c.debtor_no = t.debtor_no) AS currency,
        t.tran_date AS issued_on,
        t.due_date AS due_on,
        CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END AS total,
        CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END - t.alloc AS rest,
        (
            SELECT MIN(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(o.customer_ref, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&'))
            FROM {sales_orders} o WHERE o.order_no = t.order_ AND o.trans_type = 30
        ) AS po_number
    FROM {debtor_trans} t
    WHERE t.type IN (10, 11)
) q
