CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_pending` (
  `dataset` STRING NOT NULL COMMENT 'Landing dataset of the row',
  `file` STRING NOT NULL COMMENT 'Key of the file below the landing prefix',
  `etag` STRING NOT NULL COMMENT 'MD5 of the file\'s content',
  `line` INT NOT NULL COMMENT 'First physical line of the record, from 1',
  `file_time` TIMESTAMP NOT NULL COMMENT 'When the file was last changed',
  `codes` STRING NOT NULL COMMENT 'References that are missing, sorted, separated by commas',
  `raw` STRING NOT NULL COMMENT 'The record as it stands in the file',
  `fields` STRING NOT NULL COMMENT 'JSON object of the record\'s text per landing column',
  `run_id` STRING NOT NULL COMMENT 'Run that saw the row first',
  `first_seen` TIMESTAMP NOT NULL COMMENT 'Clock of that run; after 7 days the row is rejected'
)
USING DELTA
COMMENT 'Rows whose order or product has not arrived yet; every run tries them again'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
