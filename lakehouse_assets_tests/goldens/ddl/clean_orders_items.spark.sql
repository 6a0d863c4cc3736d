CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/clean_orders_items` (
  `id` STRING NOT NULL COMMENT 'Identifier of the order item',
  `date` DATE NOT NULL COMMENT 'Local date of the order in the source time zone',
  `order_id` STRING NOT NULL COMMENT 'Order the item belongs to',
  `product_id` STRING NOT NULL COMMENT 'Product that was bought',
  `user_id` STRING NOT NULL COMMENT 'Identifier of the buyer',
  `order_timestamp` TIMESTAMP NOT NULL COMMENT 'Moment of the order',
  `add_to_cart_order` INT COMMENT 'Position in which the product was put into the cart, from 1',
  `reordered` BOOLEAN COMMENT 'Whether the buyer had bought the product before',
  `days_since_prior_order` INT COMMENT 'Days since the buyer\'s previous order',
  `_file_time` TIMESTAMP NOT NULL COMMENT 'When the file that carried this version was last changed',
  `_file` STRING NOT NULL COMMENT 'Key of the file that carried this version, below the landing prefix',
  `_line` INT NOT NULL COMMENT 'First physical line of the record in that file, from 1'
)
USING DELTA
COMMENT 'Order items, latest version of each'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
