-- FrontAccounting 2.4 on MariaDB or MySQL. Companies share a database by the prefix of their tables: a source each, `table_prefix`.
-- debtor_trans holds every document with positive amounts, in the customer's currency, which is fixed once there are documents: 10 is
-- an invoice, 11 a credit note. Each type counts on its own, so that an invoice and a payment (12) may both be 001/2026; deliveries
-- (13), bank entries (1, 2) and journals (0) are in it too. A prepayment invoice has the whole order's total, and owes prep_amount.
-- A voided document stays with amounts of 0, and its number is given out again. A credit note has 0000-00-00 for a due date.
-- Not listed, since they are not invoices: payments that a credit note freed, and journals on the receivable account.
-- Texts are stored as HTML and decoded here, the ampersand last. 0.004 is what the program itself takes for nothing.
SELECT
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(t.reference, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&') AS invoice_ref,
    CASE t.type WHEN 11 THEN 'credit_note' ELSE 'invoice' END AS kind,
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.debtor_ref, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&') AS customer_id,
    REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(c.name, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&') AS customer_name,
    (
        SELECT MIN(p.email) FROM {crm_contacts} k JOIN {crm_persons} p ON p.id = k.person_id
        WHERE k.type = 'customer' AND k.action = 'general' AND k.entity_id = CAST(t.debtor_no AS CHAR) AND p.email <> ''
    ) AS customer_email,
    c.curr_code AS currency,
    t.tran_date AS issued_on,
    t.due_date AS due_on,
    CASE t.type WHEN 11 THEN -1 ELSE 1 END * ROUND(
        CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END,
        4
    ) AS amount,
    CASE t.type WHEN 11 THEN -1 ELSE 1 END * ROUND(
        CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END - t.alloc,
        4
    ) AS balance,
    (
        SELECT MIN(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(o.customer_ref, '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#039;', ''''), '&amp;', '&'))
        FROM {sales_orders} o WHERE o.order_no = t.order_ AND o.trans_type = 30
    ) AS po_number
FROM {debtor_trans} t
LEFT JOIN {debtors_master} c ON c.debtor_no = t.debtor_no
WHERE t.type IN (10, 11)
    AND ABS(
        CASE
            WHEN t.prep_amount <> 0 THEN t.prep_amount
            ELSE t.ov_amount + t.ov_gst + t.ov_freight + t.ov_freight_tax + t.ov_discount
        END - t.alloc
    ) > 0.004
