CREATE TABLE customer (id INT PRIMARY KEY, customernumber TEXT, name TEXT, email TEXT, invoice_mail TEXT);
INSERT INTO customer SELECT n, 'C' || n, 'Customer ' || n, 'a@example.com', '' FROM {numbers} WHERE n <= 5000;
CREATE TABLE currencies (id INT PRIMARY KEY, name TEXT);
INSERT INTO currencies VALUES (1, 'EUR');
CREATE TABLE defaults (currency_id INT);
INSERT INTO defaults VALUES (1);
CREATE TABLE exchangerate (currency_id INT, transdate DATE, buy NUMERIC(15, 5));
CREATE TABLE ar (id INT PRIMARY KEY, invnumber TEXT, transdate DATE, duedate DATE, customer_id INT, amount NUMERIC(15, 5), paid NUMERIC(15, 5), currency_id INT, exchangerate NUMERIC(15, 5), storno BOOLEAN, cusordnumber TEXT);
INSERT INTO ar SELECT n, 'R' || n, '2026-01-05', '2026-02-04', n % 5000 + 1, n, CASE WHEN n % 10 > 0 THEN n ELSE 0 END, 1, NULL, false, '' FROM {numbers};
