CREATE TABLE ip_clients (client_id INT PRIMARY KEY, client_name VARCHAR(100), client_surname VARCHAR(100), client_email VARCHAR(100));
INSERT INTO ip_clients SELECT n, 'Customer', 'No ' || n, 'a@example.com' FROM {numbers} WHERE n <= 5000;
CREATE TABLE ip_invoices (invoice_id INT PRIMARY KEY, client_id INT, invoice_status_id INT, invoice_date_created DATE, invoice_date_due DATE, invoice_number VARCHAR(100));
INSERT INTO ip_invoices SELECT n, n % 5000 + 1, CASE WHEN n % 10 > 0 THEN 4 ELSE 2 END, '2026-01-05', '2026-02-04', 'R' || n FROM {numbers};
CREATE TABLE ip_invoice_amounts (invoice_amount_id INT PRIMARY KEY, invoice_id INT, invoice_sign VARCHAR(2), invoice_total DECIMAL(20, 2), invoice_balance DECIMAL(20, 2), KEY invoice (invoice_id));
INSERT INTO ip_invoice_amounts SELECT n, n, '1', n, CASE WHEN n % 10 > 0 THEN 0 ELSE n END FROM {numbers};
