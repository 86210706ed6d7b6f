-- SAP Business One on SQL Server, one company a database. Invoices are OINV, credit memos ORIN.
-- A cancelled document is 'Y' and the one that cancels it 'C': only 'N' counts. Both tables number on their own, so credit
-- memos get a prefix; REPLACE joins text in every dialect. The local currency may be called '$': say `currencies`.
-- Foreign amounts stand in the FC columns. The due date is that of the first instalment that is open.
SELECT
    CAST(d.DocNum AS VARCHAR(20)) AS invoice_ref,
    'invoice' AS kind,
    d.CardCode AS customer_id,
    d.CardName AS customer_name,
    d.DocCur AS currency,
    d.DocDate AS issued_on,
    COALESCE((SELECT MIN(i.DueDate) FROM {INV6} i WHERE i.DocEntry = d.DocEntry AND i.Status = 'O'), d.DocDueDate) AS due_on,
    CASE WHEN d.DocTotalFC <> 0 THEN d.DocTotalFC ELSE d.DocTotal END AS amount,
    CASE WHEN d.DocTotalFC <> 0 THEN d.DocTotalFC - d.PaidFC ELSE d.DocTotal - d.PaidToDate END AS balance,
    d.NumAtCard AS po_number
FROM {OINV} d
WHERE d.DocStatus = 'O' AND d.CANCELED = 'N'
UNION ALL
SELECT
    REPLACE('CM-#', '#', CAST(d.DocNum AS VARCHAR(20))),
    'credit_note',
    d.CardCode,
    d.CardName,
    d.DocCur,
    d.DocDate,
    d.DocDueDate,
    CASE WHEN d.DocTotalFC <> 0 THEN -d.DocTotalFC ELSE -d.DocTotal END,
    CASE WHEN d.DocTotalFC <> 0 THEN d.PaidFC - d.DocTotalFC ELSE d.PaidToDate - d.DocTotal END,
    d.NumAtCard
FROM {ORIN} d
WHERE d.DocStatus = 'O' AND d.CANCELED = 'N'
