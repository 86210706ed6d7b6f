-- Microsoft Dynamics GP: what became of receivables, by number, in the open table (RM20101) and the history (RM30101, where
-- paid transactions are moved); every column is worded as in dynamics-gp.sql. Voided is void.
SELECT
    r.DOCNUMBR AS invoice_ref,
    CASE WHEN r.RMDTYPAL = 9 THEN 'payment' WHEN r.RMDTYPAL >= 7 THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE WHEN r.VOIDSTTS <> 0 THEN 'void' WHEN r.CURTRXAM = 0 THEN 'paid' ELSE 'open' END AS status,
    r.CUSTNMBR AS customer_id,
    c.CUSTNAME AS customer_name,
    r.CURNCYID AS currency,
    r.DOCDATE AS issued_on,
    r.DUEDATE AS due_on,
    CASE WHEN r.RMDTYPAL >= 7 THEN -1 ELSE 1 END
        * CASE WHEN m.DOCNUMBR IS NULL THEN r.ORTRXAMT ELSE NULLIF(m.ORORGTRX, 0) END AS amount,
    CASE WHEN r.VOIDSTTS <> 0 OR r.CURTRXAM = 0 THEN 0 ELSE
        CASE WHEN r.RMDTYPAL >= 7 THEN -1 ELSE 1 END
            * CASE WHEN m.DOCNUMBR IS NULL THEN r.CURTRXAM ELSE NULLIF(m.ORCTRXAM, 0) END
    END AS balance,
    r.CSPORNBR AS po_number
FROM {RM20101} r
LEFT JOIN {RM00101} c ON c.CUSTNMBR = r.CUSTNMBR
LEFT JOIN {MC020102} m ON m.DOCNUMBR = r.DOCNUMBR AND m.RMDTYPAL = r.RMDTYPAL
UNION ALL
SELECT
    h.DOCNUMBR,
    CASE WHEN h.RMDTYPAL = 9 THEN 'payment' WHEN h.RMDTYPAL >= 7 THEN 'credit_note' ELSE 'invoice' END,
    CASE WHEN h.VOIDSTTS <> 0 THEN 'void' ELSE 'paid' END,
    h.CUSTNMBR,
    c.CUSTNAME,
    h.CURNCYID,
    h.DOCDATE,
    h.DUEDATE,
    CASE WHEN h.RMDTYPAL >= 7 THEN -1 ELSE 1 END
        * CASE WHEN m.DOCNUMBR IS NULL THEN h.ORTRXAMT ELSE NULLIF(m.ORORGTRX, 0) END,
    0,
    h.CSPORNBR
FROM {RM30101} h
LEFT JOIN {RM00101} c ON c.CUSTNMBR = h.CUSTNMBR
LEFT JOIN {MC020102} m ON m.DOCNUMBR = h.DOCNUMBR AND m.RMDTYPAL = h.RMDTYPAL
