-- Dolibarr 10 and later (before, ref was facnumber). MariaDB, MySQL or PostgreSQL.
-- Nothing holds what is open: it is the total less payments and less the discounts and credits used on the invoice.
-- An invoice in another currency has its own amounts in multicurrency_*; at a rate of 1 they are the company's, and need not be
-- filled. Where a payment or a credit on a foreign invoice has no foreign amount, which Dolibarr's deposits may lack, nobody
-- knows what is left: the balance is blank, a problem of that row.
-- A credit note that was made a discount is classified as paid; what nobody has used of it lies in societe_remise_except, and is
-- listed under the credit note's number. (Two columns there are written without a table's name: where a reader's view leaves them
-- out, those of `blank` stand in, and no credit is listed so.)
-- If no more is open than the retained warranty, due is the day that ends it.
-- Numbers are unique within an entity only: `company` is the entity. Drafts, (PROV4) and the like, are status 0.
-- double(24,8) is brought to decimals before it is added up. A validated invoice with nothing open is listed as settled.
SELECT
    q.ref AS invoice_ref,
    CASE q.type WHEN 2 THEN 'credit_note' ELSE 'invoice' END AS kind,
    q.entity AS company,
    q.code_client AS customer_id,
    q.nom AS customer_name,
    q.email AS customer_email,
    q.currency,
    q.datef AS issued_on,
    CASE
        WHEN q.retained_warranty > 0 AND ABS(q.rest) < ABS(q.amount) * q.retained_warranty / 100 + 0.005
        THEN COALESCE(q.retained_warranty_date_limit, q.date_lim_reglement)
        ELSE q.date_lim_reglement
    END AS due_on,
    q.amount,
    q.rest AS balance,
    q.ref_client AS po_number
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
        WHERE f.type IN (0, 1, 2, 3, 5)
            AND (f.fk_statut = 1 AND f.paye = 0 OR f.type = 2 AND f.fk_statut = 2)
    ) d
) q
WHERE q.fk_statut = 1 OR q.rest IS NULL OR q.rest <> 0
