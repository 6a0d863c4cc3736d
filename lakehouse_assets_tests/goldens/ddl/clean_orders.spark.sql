CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/clean_orders` (
  `order_id` STRING NOT NULL COMMENT 'Identifier of the order',
  `date` DATE NOT NULL COMMENT 'Local date of the order in the source time zone',
  `order_timestamp` TIMESTAMP NOT NULL COMMENT 'Moment of the order',
  `user_id` STRING NOT NULL COMMENT 'Identifier of the buyer',
  `order_num` STRING COMMENT 'Number of the order within its day, as the shop prints it',
  `total_amount` DECIMAL(18,2) NOT NULL COMMENT 'Amount of the order; zero or less is a refund',
  `_file_time` TIMESTAMP NOT NULL COMMENT 'When the file that carried this version was last changed',
  `_file` STRING NOT NULL COMMENT 'Key of the file that carried this version, below the landing prefix',
  `_line` INT NOT NULL COMMENT 'First physical line of the record in that file, from 1'
)
USING DELTA
COMMENT 'Orders, latest version of each'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
