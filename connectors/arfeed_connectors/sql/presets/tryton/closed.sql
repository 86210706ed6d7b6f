-- Tryton: what became of customers' invoices, by number; every column is worded as in tryton.sql.
-- One that was credited with a refund is cancelled, and its credit note paid. Validated is not posted yet: a draft.
SELECT
    q.invoice_ref,
    q.kind,
    CASE
        WHEN q.state = 'cancelled' THEN 'void'
        WHEN q.state IN ('draft', 'validated') THEN 'draft'
        WHEN q.state = 'paid' OR q.rest = 0 THEN 'paid'
        ELSE 'open'
    END AS status,
    q.company,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.state = 'posted' THEN q.rest ELSE 0 END AS balance,
    q.po_number
FROM (
    SELECT
        i.number AS invoice_ref,
        CASE WHEN i.total_amount_cache < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
        i.state,
        i.company AS company,
        p.code AS customer_id,
        p.name AS customer_name,
        (
            SELECT MIN(m.value) FROM {party_contact_mechanism} m WHERE m.party = i.party AND m.type = 'email' AND m.active
        ) AS customer_email,
        c.code AS currency,
        i.invoice_date AS issued_on,
        o.due_on,
        i.total_amount_cache AS amount,
        CASE WHEN o.invoice IS NULL THEN 0 ELSE o.rest END AS rest,
        i.reference AS po_number
    FROM {account_invoice} i
    LEFT JOIN (
        SELECT
            s.invoice,
            MIN(s.rest) AS rest,
            MIN(CASE WHEN ABS(s.later) < ABS(s.rest) THEN s.maturity_date END) AS due_on
        FROM (
            SELECT
                u.invoice,
                u.maturity_date,
                CASE
                    WHEN COUNT(*) OVER (PARTITION BY u.invoice) = COUNT(u.amount) OVER (PARTITION BY u.invoice)
                    THEN SUM(u.amount) OVER (PARTITION BY u.invoice)
                END AS rest,
                SUM(CASE WHEN u.is_paid THEN 0 ELSE u.amount END) OVER (
                    PARTITION BY u.invoice ORDER BY u.maturity_date DESC
                ) - SUM(CASE WHEN u.is_paid THEN 0 ELSE u.amount END) OVER (
                    PARTITION BY u.invoice, u.maturity_date
                ) AS later
            FROM (
                SELECT
                    t.invoice,
                    CASE WHEN t.is_paid THEN NULL ELSE l.maturity_date END AS maturity_date,
                    t.is_paid,
                    CASE
                        WHEN l.second_currency = t.currency THEN l.amount_second_currency
                        WHEN t.is_own THEN l.debit - l.credit
                    END AS amount
                FROM (
                    SELECT a.id AS invoice, a.currency, a.currency = f.currency AS is_own, n.id AS line, false AS is_paid
                    FROM {account_invoice} a
                    JOIN {company_company} f ON f.id = a.company
                    JOIN {account_move_line} n ON n.move = a.move AND n.account = a.account
                    WHERE a.type = 'out' AND a.state = 'posted'
                    UNION
                    SELECT a.id, a.currency, a.currency = f.currency, n.id, false
                    FROM {account_invoice} a
                    JOIN {company_company} f ON f.id = a.company
                    JOIN {account_invoice-additional-account_move} x ON x.invoice = a.id
                    JOIN {account_move_line} n ON n.move = x.move AND n.account = a.account
                    WHERE a.type = 'out' AND a.state = 'posted'
                    UNION
                    SELECT a.id, a.currency, a.currency = f.currency, x.line, true
                    FROM {account_invoice} a
                    JOIN {company_company} f ON f.id = a.company
                    JOIN {account_invoice-account_move_line} x ON x.invoice = a.id
                    WHERE a.type = 'out' AND a.state = 'posted'
                ) t
                JOIN {account_move_line} l ON l.id = t.line
                WHERE l.reconciliation IS NULL
            ) u
        ) s
        GROUP BY s.invoice
    ) o ON o.invoice = i.id
    LEFT JOIN {party_party} p ON p.id = i.party
    LEFT JOIN {currency_currency} c ON c.id = i.currency
    WHERE i.type = 'out' AND i.number IS NOT NULL
) q
