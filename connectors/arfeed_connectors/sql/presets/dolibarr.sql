-- Dolibarr 10 and later (before, ref was facnumber). MariaDB, MySQL or PostgreSQL.
-- Nothing holds what is open: it is the total less payments and less the discounts and credits used on the invoice.
-- Amounts are in the company's own currency (`currency`); multicurrency_* are in the invoice's, where it has a rate.
-- Numbers are unique within an entity only: `company` is the entity. Drafts, (PROV4) and the like, are status 0.
-- double(24,8) is brought to decimals before it is added up. A validated invoice with nothing open is listed as settled.
SELECT
    f.ref AS invoice_ref,
    CASE f.type WHEN 2 THEN 'credit_note' ELSE 'invoice' END AS kind,
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
    ), 0) AS balance,
    f.ref_client AS po_number
FROM {facture} f
LEFT JOIN {societe} s ON s.rowid = f.fk_soc
WHERE f.fk_statut = 1
    AND f.paye = 0
    AND f.type IN (0, 1, 2, 3, 5)
