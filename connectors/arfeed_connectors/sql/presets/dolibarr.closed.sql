-- Dolibarr: what became of customers' invoices, by ref, whatever their status; every column is worded as in dolibarr.sql.
-- Status 0 is a draft, 3 abandoned. Classified as paid (paye, status 2) it is paid, whatever was left by a discount.
SELECT
    q.invoice_ref,
    q.kind,
    CASE WHEN q.stage = 'open' AND ABS(q.rest) < 0.00001 THEN 'paid' ELSE q.stage END AS status,
    q.company,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.stage = 'open' AND ABS(q.rest) >= 0.00001 THEN q.rest ELSE 0 END AS balance,
    q.po_number
FROM (
    SELECT
        f.ref AS invoice_ref,
        CASE f.type WHEN 2 THEN 'credit_note' ELSE 'invoice' END AS kind,
        CASE
            WHEN f.fk_statut = 0 THEN 'draft'
            WHEN f.fk_statut = 3 THEN 'void'
            WHEN f.paye = 1 OR f.fk_statut = 2 THEN 'paid'
            ELSE 'open'
        END AS stage,
        f.entity AS company,
        s.code_client AS customer_id,
        s.nom AS customer_name,
        s.email AS customer_email,
        CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN f.multicurrency_code END AS currency,
        f.datef AS issued_on,
        f.date_lim_reglement AS due_on,
        CAST(
            CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN f.multicurrency_total_ttc ELSE f.total_ttc END
            AS DECIMAL(24, 8)
        ) AS amount,
        CAST(
            CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN f.multicurrency_total_ttc ELSE f.total_ttc END
            AS DECIMAL(24, 8)
        ) - COALESCE((
            SELECT SUM(CAST(
                CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN p.multicurrency_amount ELSE p.amount END
                AS DECIMAL(24, 8)
            )) FROM {paiement_facture} p WHERE p.fk_facture = f.rowid
        ), 0) - COALESCE((
            SELECT SUM(CAST(
                CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN r.multicurrency_amount_ttc ELSE r.amount_ttc END
                AS DECIMAL(24, 8)
            )) FROM {societe_remise_except} r WHERE r.fk_facture = f.rowid
        ), 0) AS rest,
        f.ref_client AS po_number
    FROM {facture} f
    LEFT JOIN {societe} s ON s.rowid = f.fk_soc
) q
