-- ERPNext 14 and later, whose tables have a space in their names. MariaDB, or PostgreSQL. (13 has no Payment Ledger Entry: copy
-- the first SELECT into a query of your own, with s.outstanding_amount for what is open.)
-- Open is what the payment ledger holds against an invoice up to today, over all receivable accounts. outstanding_amount is the
-- same but in two cases. A payment dated later than today, such as a post-dated cheque, makes it 0 at once and the status Paid.
-- And what is paid on a discounted (factored) invoice goes to other accounts, so that it stays. Cancelled entries are delinked;
-- where the ledger may not change they are reversed instead. Entries in two currencies leave the balance blank: a problem of
-- that row, and no wrong amount.
-- due_date is that of the LAST instalment. Due is the first one with something left. The schedule knows only of payments that
-- named an instalment; everything else pays the earliest first, so an instalment is open if those after it add up to less than
-- is open. Opening invoices and those of a till have no schedule.
-- A customer who was renamed or merged keeps the old name on old invoices, so Customer has the word.
-- The currency is that of the receivable account, as in ERPNext's own report; nothing holds what is open in the paper's.
-- rounded_total is 0 if rounding is off, or comes to 0. A return that was refunded by more than its amount is owed by the
-- customer, and its own amount says nothing. Less than half of the smallest coin is dust that payments left behind.
-- docstatus 0 is a draft, 2 is cancelled; both keep their outstanding_amount. A name is unique in all companies of a site.
-- The inner second SELECT is what customers owe by journal entry: openings, and debts moved from one customer to another. One entry may
-- name several customers, so its number is ENTRY / CUSTOMER; no name in ERPNext has a < in it, which is what REPLACE needs. What
-- journal entries and payments leave in a customer's favour is not listed until an invoice has used it.
SELECT
    d.invoice_ref,
    d.kind,
    d.company,
    d.customer_id,
    COALESCE(
        NULLIF((SELECT c.customer_name FROM {Customer} c WHERE c.name = d.customer_id), ''), d.customer_name
    ) AS customer_name,
    COALESCE(
        NULLIF(d.customer_email, ''), (SELECT c.email_id FROM {Customer} c WHERE c.name = d.customer_id)
    ) AS customer_email,
    d.currency,
    d.issued_on,
    COALESCE((
        SELECT MIN(p.due_date) FROM {Payment Schedule} p
        WHERE p.parent = d.invoice_ref AND p.parenttype = 'Sales Invoice'
            AND p.payment_amount - p.paid_amount - p.discounted_amount > 0.0005
            AND COALESCE((
                SELECT SUM(CASE
                    WHEN d.rate IS NULL THEN q.payment_amount - q.paid_amount - q.discounted_amount
                    ELSE q.base_payment_amount - (q.paid_amount + q.discounted_amount) * d.rate
                END)
                FROM {Payment Schedule} q
                WHERE q.parent = d.invoice_ref AND q.parenttype = 'Sales Invoice' AND q.due_date > p.due_date
            ), 0) < d.balance - 0.005
    ), d.due_on) AS due_on,
    d.amount,
    d.balance,
    d.po_number
FROM (
    SELECT
        s.name AS invoice_ref,
        CASE WHEN s.is_return = 1 AND COALESCE(b.rest, s.outstanding_amount) < 0 THEN 'credit_note' ELSE 'invoice' END AS kind,
        s.company AS company,
        s.customer AS customer_id,
        s.customer_name AS customer_name,
        s.contact_email AS customer_email,
        s.party_account_currency AS currency,
        s.posting_date AS issued_on,
        s.due_date AS due_on,
        CASE WHEN s.party_account_currency <> s.currency THEN s.conversion_rate END AS rate,
        CASE
            WHEN s.is_return = 1 AND COALESCE(b.rest, s.outstanding_amount) > 0 THEN NULL
            WHEN s.party_account_currency = s.currency THEN COALESCE(NULLIF(s.rounded_total, 0), s.grand_total)
            ELSE COALESCE(NULLIF(s.base_rounded_total, 0), s.base_grand_total)
        END AS amount,
        CASE WHEN b.against_voucher_no IS NULL THEN s.outstanding_amount ELSE b.rest END AS balance,
        s.po_no AS po_number
    FROM {Sales Invoice} s
    LEFT JOIN (
        SELECT
            l.against_voucher_no,
            CASE WHEN MIN(l.account_currency) = MAX(l.account_currency) THEN SUM(l.amount_in_account_currency) END AS rest
        FROM {Payment Ledger Entry} l
        WHERE l.against_voucher_type = 'Sales Invoice' AND l.delinked = 0
            AND (l.posting_date <= CURRENT_DATE OR l.voucher_no = l.against_voucher_no)
        GROUP BY l.against_voucher_no
    ) b ON b.against_voucher_no = s.name
    WHERE s.docstatus = 1
        AND COALESCE(ABS(CASE WHEN b.against_voucher_no IS NULL THEN s.outstanding_amount ELSE b.rest END), 1) >= CASE
            WHEN s.party_account_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END
    UNION ALL
    SELECT
        REPLACE(REPLACE('<entry> / <customer>', '<entry>', l.against_voucher_no), '<customer>', l.party) AS invoice_ref,
        'invoice' AS kind,
        l.company AS company,
        l.party AS customer_id,
        l.party AS customer_name,
        NULL AS customer_email,
        MIN(l.account_currency) AS currency,
        MAX(j.posting_date) AS issued_on,
        MAX(j.due_date) AS due_on,
        NULL AS rate,
        NULL AS amount,
        CASE WHEN MIN(l.account_currency) = MAX(l.account_currency) THEN SUM(l.amount_in_account_currency) END AS balance,
        MAX(COALESCE(j.bill_no, j.cheque_no)) AS po_number
    FROM {Payment Ledger Entry} l
    LEFT JOIN {Journal Entry} j ON j.name = l.against_voucher_no
    WHERE l.against_voucher_type = 'Journal Entry' AND l.delinked = 0
        AND l.account_type = 'Receivable' AND l.party_type = 'Customer'
        AND (l.posting_date <= CURRENT_DATE OR l.voucher_no = l.against_voucher_no)
    GROUP BY l.company, l.against_voucher_no, l.party
    HAVING MIN(l.account_currency) <> MAX(l.account_currency)
        OR SUM(l.amount_in_account_currency) >= CASE
            WHEN MIN(l.account_currency) IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.0005
            ELSE 0.005
        END
) d
