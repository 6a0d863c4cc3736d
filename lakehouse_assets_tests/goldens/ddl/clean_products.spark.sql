CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/clean_products` (
  `product_id` STRING NOT NULL COMMENT 'Identifier of the product',
  `department_id` STRING COMMENT 'Identifier of the department',
  `department` STRING COMMENT 'Name of the department; one identifier may carry several names',
  `product_name` STRING NOT NULL COMMENT 'Name of the product as the shop shows it',
  `_file_time` TIMESTAMP NOT NULL COMMENT 'When the file that carried this version was last changed',
  `_file` STRING NOT NULL COMMENT 'Key of the file that carried this version, below the landing prefix',
  `_line` INT NOT NULL COMMENT 'First physical line of the record in that file, from 1'
)
USING DELTA
COMMENT 'Products, latest version of each'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
