-- Microsoft Dynamics GP, one company a database (SQL Server). Open receivables are RM20101.
-- Types 1 to 6 are owed by the customer; 7 credit memo, 8 return and 9 payment are stored positive and negated here.
-- Fully applied documents stay in the table with 0 until paid transactions are removed; voided ones stay too.
-- CURTRXAM is in the functional currency; a document in another has its open amount in MC020102. Where that is 0 although
-- something is open, the balance is blank and refused. Currencies are ids such as Z-US$: say `currencies`, and `currency`
-- for documents without one. Texts are padded and 1900-01-01 is not a date: both are minded when read.
SELECT
    r.DOCNUMBR AS invoice_ref,
    CASE WHEN r.RMDTYPAL = 9 THEN 'payment' WHEN r.RMDTYPAL >= 7 THEN 'credit_note' ELSE 'invoice' END AS kind,
    r.CUSTNMBR AS customer_id,
    c.CUSTNAME AS customer_name,
    r.CURNCYID AS currency,
    r.DOCDATE AS issued_on,
    r.DUEDATE AS due_on,
    CASE WHEN r.RMDTYPAL >= 7 THEN -1 ELSE 1 END
        * CASE WHEN m.DOCNUMBR IS NULL THEN r.ORTRXAMT ELSE NULLIF(m.ORORGTRX, 0) END AS amount,
    CASE WHEN r.RMDTYPAL >= 7 THEN -1 ELSE 1 END
        * CASE WHEN m.DOCNUMBR IS NULL THEN r.CURTRXAM ELSE NULLIF(m.ORCTRXAM, 0) END AS balance,
    r.CSPORNBR AS po_number
FROM {RM20101} r
LEFT JOIN {RM00101} c ON c.CUSTNMBR = r.CUSTNMBR
LEFT JOIN {MC020102} m ON m.DOCNUMBR = r.DOCNUMBR AND m.RMDTYPAL = r.RMDTYPAL
WHERE r.VOIDSTTS = 0
    AND r.CURTRXAM <> 0
