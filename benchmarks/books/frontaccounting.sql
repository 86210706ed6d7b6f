CREATE TABLE 0_debtors_master (debtor_no INT PRIMARY KEY, name VARCHAR(100), debtor_ref VARCHAR(30), curr_code CHAR(3));
INSERT INTO 0_debtors_master SELECT n, CONCAT('Customer ', n), CONCAT('C', n), 'EUR' FROM {numbers} WHERE n <= 5000;
CREATE TABLE 0_debtor_trans (trans_no INT, type INT, debtor_no INT, tran_date DATE, due_date DATE, reference VARCHAR(60), order_ INT, ov_amount DOUBLE, ov_gst DOUBLE, ov_freight DOUBLE, ov_freight_tax DOUBLE, ov_discount DOUBLE, alloc DOUBLE, prep_amount DOUBLE, PRIMARY KEY (type, trans_no, debtor_no), KEY (debtor_no), KEY (order_));
INSERT INTO 0_debtor_trans SELECT n, 10, n % 5000 + 1, '2026-01-05', '2026-02-04', CONCAT('R', n), n, n, n * 0.19, 0, 0, 0, IF(n % 10 = 0, 0, n * 1.19), 0 FROM {numbers};
CREATE TABLE 0_sales_orders (order_no INT, trans_type INT, customer_ref VARCHAR(60), PRIMARY KEY (trans_type, order_no));
INSERT INTO 0_sales_orders SELECT n, 30, CONCAT('PO ', n) FROM {numbers};
CREATE TABLE 0_crm_persons (id INT PRIMARY KEY, email VARCHAR(100));
CREATE TABLE 0_crm_contacts (person_id INT, type VARCHAR(20), action VARCHAR(20), entity_id VARCHAR(11), KEY (type, action));
