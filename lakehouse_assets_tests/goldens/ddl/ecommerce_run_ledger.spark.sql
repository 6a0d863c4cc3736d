CREATE TABLE IF NOT EXISTS delta.`s3://lake/lakehouse-dwh/lakehouse-dwh/ecommerce_run_ledger` (
  `run_id` STRING NOT NULL COMMENT 'The run; for an acknowledgement the run that touched silver',
  `table_name` STRING NOT NULL COMMENT 'Bare table name',
  `kind` STRING NOT NULL COMMENT 'touched (all of silver, before the first merge), load (a silver table) or acknowledgement (a gold table)',
  `status` STRING NOT NULL COMMENT 'planned before the first merge, done after the last, refused when there were too many rejects',
  `as_of` TIMESTAMP NOT NULL COMMENT 'The run\'s clock',
  `read` BIGINT COMMENT 'Records in the files, counted independently of the parse',
  `retried` BIGINT COMMENT 'Pending or replayed rows tried again',
  `valid` BIGINT COMMENT 'Rows that are in silver now',
  `rejected` BIGINT COMMENT 'Rows kept as rejects',
  `superseded` BIGINT COMMENT 'Older versions of a key',
  `pending` BIGINT COMMENT 'Rows whose parent has not arrived',
  `inserted` BIGINT COMMENT 'Valid rows that were new',
  `updated` BIGINT COMMENT 'Valid rows that replaced an older version',
  `unchanged` BIGINT COMMENT 'Valid rows that silver held already',
  `touched_dates` ARRAY<DATE> COMMENT 'Dates of the orders whose gold rows may have changed; of a touched row NULL means more than 1,000, look at all',
  `touched_users` ARRAY<STRING> COMMENT 'Buyers whose gold row may have changed; of a touched row NULL means more than 1,000, look at all',
  `touched_products` ARRAY<STRING> COMMENT 'Products that changed; of a touched row NULL means more than 1,000, look at all',
  `acknowledged_by` STRING COMMENT 'Run that brought gold up to date'
)
USING DELTA
COMMENT 'What every run did to every table, its reconciliation, what silver touched, what gold acknowledged'
TBLPROPERTIES ('delta.checkpointPolicy' = 'classic', 'delta.enableDeletionVectors' = 'false', 'delta.minReaderVersion' = '1', 'delta.minWriterVersion' = '2');
