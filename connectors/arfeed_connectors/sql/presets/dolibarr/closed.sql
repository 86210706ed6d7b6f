-- Dolibarr: what became of customers' invoices, by ref, whatever their status; every column is worded as in dolibarr.sql.
-- Status 0 is a draft, 3 abandoned. Classified as paid (paye, status 2) it is paid, whatever was left by a discount; but a credit note
-- that was made a discount is open until it is used.
SELECT
    x.ref AS invoice_ref,
    CASE x.type WHEN 2 THEN 'credit_note' ELSE 'invoice' END AS kind,
    x.status,
    x.entity AS company,
    x.code_client AS customer_id,
    x.nom AS customer_name,
    x.email AS customer_email,
    x.currency,
    x.datef AS issued_on,
    CASE
        WHEN x.retained_warranty > 0 AND ABS(x.rest) < ABS(x.amount) * x.retained_warranty / 100 + 0.005
        THEN COALESCE(x.retained_warranty_date_limit, x.date_lim_reglement)
        ELSE x.date_lim_reglement
    END AS due_on,
    x.amount,
    CASE WHEN x.status = 'open' THEN x.rest ELSE 0 END AS balance,
    x.ref_client AS po_number
FROM (
    SELECT
        q.*,
        CASE
            WHEN q.fk_statut = 0 THEN 'draft'
            WHEN q.fk_statut = 3 THEN 'void'
            WHEN ABS(q.rest) < 0.00001 THEN 'paid'
            WHEN q.type = 2 AND q.fk_statut = 2 THEN 'open'
            WHEN q.paye = 1 OR q.fk_statut = 2 THEN 'paid'
            ELSE 'open'
        END AS status
    FROM (
    SELECT
        d.*,
        CASE
            WHEN d.abroad = 0 THEN d.own_total
            WHEN d.own_total = 0 OR d.foreign_total <> 0 THEN d.foreign_total
        END AS amount,
        CASE
            WHEN d.type = 2 AND d.fk_statut = 2 THEN -d.unused
            WHEN d.abroad = 0 THEN d.own_total - d.own_settled
            WHEN d.unknown = 0 AND (d.own_total = 0 OR d.foreign_total <> 0) THEN d.foreign_total - d.foreign_settled
        END AS rest
    FROM (
        SELECT
            f.ref,
            f.type,
            f.fk_statut,
            f.paye,
            f.entity,
            s.code_client,
            s.nom,
            s.email,
            NULLIF(f.multicurrency_code, '') AS currency,
            CASE
                WHEN NULLIF(f.multicurrency_code, '') IS NULL THEN 0
                WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN 1
                WHEN COALESCE(f.multicurrency_total_ttc, 0) <> 0 AND ABS(f.multicurrency_total_ttc - f.total_ttc) >= 0.005
                THEN 1
                ELSE 0
            END AS abroad,
            f.datef,
            f.date_lim_reglement,
            CAST(f.retained_warranty AS DECIMAL(24, 8)) AS retained_warranty,
            f.retained_warranty_date_limit,
            CAST(f.total_ttc AS DECIMAL(24, 8)) AS own_total,
            CAST(f.multicurrency_total_ttc AS DECIMAL(24, 8)) AS foreign_total,
            COALESCE(p.own, 0) + COALESCE(r.own, 0) AS own_settled,
            COALESCE(p.foreign_sum, 0) + COALESCE(r.foreign_sum, 0) AS foreign_settled,
            COALESCE(p.unknown, 0) + COALESCE(r.unknown, 0) AS unknown,
            CASE WHEN f.type = 2 AND f.fk_statut = 2 THEN (
                SELECT COALESCE(SUM(CAST(
                    CASE WHEN COALESCE(f.multicurrency_tx, 1) <> 1 THEN NULLIF(u.multicurrency_amount_ttc, 0) ELSE u.amount_ttc END
                    AS DECIMAL(24, 8)
                )), CASE WHEN COUNT(*) = 0 THEN 0 END)
                FROM {societe_remise_except} u
                WHERE fk_facture_source = f.rowid AND u.fk_facture IS NULL AND fk_facture_line IS NULL
            ) END AS unused,
            f.ref_client
        FROM {facture} f
        LEFT JOIN {societe} s ON s.rowid = f.fk_soc
        LEFT JOIN (
            SELECT
                t.fk_facture,
                SUM(CAST(t.amount AS DECIMAL(24, 8))) AS own,
                SUM(CAST(t.multicurrency_amount AS DECIMAL(24, 8))) AS foreign_sum,
                SUM(CASE WHEN t.amount <> 0 AND COALESCE(t.multicurrency_amount, 0) = 0 THEN 1 ELSE 0 END) AS unknown
            FROM {paiement_facture} t WHERE t.fk_facture IS NOT NULL GROUP BY t.fk_facture
        ) p ON p.fk_facture = f.rowid
        LEFT JOIN (
            SELECT
                t.fk_facture,
                SUM(CAST(t.amount_ttc AS DECIMAL(24, 8))) AS own,
                SUM(CAST(t.multicurrency_amount_ttc AS DECIMAL(24, 8))) AS foreign_sum,
                SUM(CASE WHEN t.amount_ttc <> 0 AND COALESCE(t.multicurrency_amount_ttc, 0) = 0 THEN 1 ELSE 0 END) AS unknown
            FROM {societe_remise_except} t WHERE t.fk_facture IS NOT NULL GROUP BY t.fk_facture
        ) r ON r.fk_facture = f.rowid
        CROSS JOIN (SELECT 0 AS fk_facture_source, 0 AS fk_facture_line) blank
    ) d
    ) q
) x
