-- SAP Business One: what became of invoices and credit memos, by number; every column is worded as in sap-b1.sql.
-- A cancelled document is 'Y' and the one that cancels it 'C': both are void. Document status 'C' is closed.
SELECT
    CAST(d.DocNum AS VARCHAR(20)) AS invoice_ref,
    'invoice' AS kind,
    CASE WHEN d.CANCELED <> 'N' THEN 'void' WHEN d.DocStatus = 'C' THEN 'paid' ELSE 'open' END AS status,
    d.CardCode AS customer_id,
    d.CardName AS customer_name,
    d.DocCur AS currency,
    d.DocDate AS issued_on,
    d.DocDueDate AS due_on,
    CASE WHEN d.DocTotalFC <> 0 THEN d.DocTotalFC ELSE d.DocTotal END AS amount,
    CASE
        WHEN d.CANCELED <> 'N' OR d.DocStatus = 'C' THEN 0
        WHEN d.DocTotalFC <> 0 THEN d.DocTotalFC - d.PaidFC
        ELSE d.DocTotal - d.PaidToDate
    END AS balance,
    d.NumAtCard AS po_number
FROM {OINV} d
UNION ALL
SELECT
    REPLACE('CM-#', '#', CAST(d.DocNum AS VARCHAR(20))),
    'credit_note',
    CASE WHEN d.CANCELED <> 'N' THEN 'void' WHEN d.DocStatus = 'C' THEN 'paid' ELSE 'open' END,
    d.CardCode,
    d.CardName,
    d.DocCur,
    d.DocDate,
    d.DocDueDate,
    CASE WHEN d.DocTotalFC <> 0 THEN -d.DocTotalFC ELSE -d.DocTotal END,
    CASE
        WHEN d.CANCELED <> 'N' OR d.DocStatus = 'C' THEN 0
        WHEN d.DocTotalFC <> 0 THEN d.PaidFC - d.DocTotalFC
        ELSE d.PaidToDate - d.DocTotal
    END,
    d.NumAtCard
FROM {ORIN} d
