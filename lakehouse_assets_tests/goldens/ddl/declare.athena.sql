CREATE DATABASE IF NOT EXISTS `delta_lakehouse`;

CREATE DATABASE IF NOT EXISTS `ecommerce_gold`;

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`clean_orders`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/clean_orders/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`clean_orders_items`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/clean_orders_items/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`clean_products`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/clean_products/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`ecommerce_pending`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_pending/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`ecommerce_rejects`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_rejects/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE EXTERNAL TABLE IF NOT EXISTS `delta_lakehouse`.`ecommerce_run_ledger`
LOCATION 's3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_run_ledger/'
TBLPROPERTIES ('table_type' = 'DELTA');

CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`daily_sales` (
  `date` date COMMENT 'Date of the order',
  `department_id` string COMMENT 'Identifier of the department; (unknown) when the product has none, (none) for orders without items',
  `department` string COMMENT 'Name of the department; (unknown) or (none) likewise',
  `orders` bigint COMMENT 'Orders with an item of the department',
  `buyers` bigint COMMENT 'Buyers with an item of the department',
  `items` bigint COMMENT 'Items sold',
  `reorder_rate` double COMMENT 'Share of items bought before, among items that say so',
  `amount` decimal(38,2) COMMENT 'Share of the orders’ amounts by items, exact to the cent'
)
LOCATION 's3://lake/lakehouse-dwh/ecommerce_gold/daily_sales/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd');

CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`product_daily` (
  `date` date COMMENT 'Date of the order',
  `product_id` string COMMENT 'Identifier of the product',
  `items` bigint COMMENT 'Items sold',
  `orders` bigint COMMENT 'Orders that hold the product',
  `reorder_rate` double COMMENT 'Share of items bought before, among items that say so',
  `avg_cart_position` double COMMENT 'Average position in the cart, among items that say so'
)
LOCATION 's3://lake/lakehouse-dwh/ecommerce_gold/product_daily/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd');

CREATE TABLE IF NOT EXISTS `ecommerce_gold`.`user_orders` (
  `user_id` string COMMENT 'Identifier of the buyer',
  `first_order_at` timestamp COMMENT 'First order',
  `last_order_at` timestamp COMMENT 'Last order',
  `orders` bigint COMMENT 'Number of orders',
  `amount` decimal(38,2) COMMENT 'Sum of the orders’ amounts',
  `avg_days_between_orders` double COMMENT 'Days from the first to the last order date divided by the number of gaps; null with one order'
)
LOCATION 's3://lake/lakehouse-dwh/ecommerce_gold/user_orders/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd');
