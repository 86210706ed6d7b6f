-- SAP Business One: what customers owe by the journal, JDT1, where the short name of a line is the customer's code.
-- A line in a foreign currency names it; one in the local currency names none, and OADM says which that is.
SELECT
    l.ShortName AS customer_id,
    COALESCE(NULLIF(l.FCCurrency, ''), a.MainCurncy) AS currency,
    SUM(CASE WHEN l.FCCurrency <> '' THEN l.FCDebit - l.FCCredit ELSE l.Debit - l.Credit END) AS balance
FROM {JDT1} l
CROSS JOIN {OADM} a
WHERE l.ShortName IN (SELECT c.CardCode FROM {OCRD} c WHERE c.CardType = 'C')
GROUP BY l.ShortName, COALESCE(NULLIF(l.FCCurrency, ''), a.MainCurncy)
