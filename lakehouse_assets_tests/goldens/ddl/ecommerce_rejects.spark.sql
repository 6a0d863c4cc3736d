CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_rejects` (
  `dataset` STRING NOT NULL COMMENT 'Landing dataset of the row',
  `file` STRING NOT NULL COMMENT 'Key of the file below the landing prefix',
  `etag` STRING NOT NULL COMMENT 'MD5 of the file\'s content',
  `line` INT NOT NULL COMMENT 'First physical line of the record, from 1',
  `file_time` TIMESTAMP NOT NULL COMMENT 'When the file was last changed',
  `codes` STRING NOT NULL COMMENT 'All rule codes of the row, sorted, separated by commas',
  `raw` STRING NOT NULL COMMENT 'The record as it stands in the file',
  `fields` STRING COMMENT 'JSON object of the record\'s text per landing column; null when it is malformed',
  `parsed` STRING COMMENT 'JSON object of the values that could be read per silver column; null when it is malformed',
  `run_id` STRING NOT NULL COMMENT 'Run that rejected the row',
  `rejected_at` TIMESTAMP NOT NULL COMMENT 'The run\'s clock',
  `status` STRING NOT NULL COMMENT 'open; or replayed, superseded by a replay of the row',
  `replayed_by` STRING COMMENT 'Run that replayed the row',
  `replayed_at` TIMESTAMP COMMENT 'Clock of the run that replayed the row'
)
USING DELTA
COMMENT 'Rows that broke a rule, kept raw so that they can be replayed'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
