CREATE TABLE IF NOT EXISTS `lake`.`things_daily` (
  `day` date COMMENT 'The day',
  `id` string COMMENT 'The id',
  `word` string COMMENT 'The word',
  `small` int COMMENT 'The small',
  `big` bigint COMMENT 'The big',
  `ratio` double COMMENT 'The ratio',
  `flag` boolean COMMENT 'The flag',
  `at` timestamp COMMENT 'The at',
  `exact` decimal(18,6) COMMENT 'The exact',
  `wide` decimal(38,0) COMMENT 'The wide',
  `word_list` array<string> COMMENT 'The word_list',
  `small_list` array<int> COMMENT 'The small_list',
  `big_list` array<bigint> COMMENT 'The big_list',
  `ratio_list` array<double> COMMENT 'The ratio_list',
  `flag_list` array<boolean> COMMENT 'The flag_list',
  `day_list` array<date> COMMENT 'The day_list',
  `at_list` array<timestamp> COMMENT 'The at_list',
  `exact_list` array<decimal(18,6)> COMMENT 'The exact_list',
  `wide_list` array<decimal(38,0)> COMMENT 'The wide_list',
  `all` struct<word:string,small:int,big:bigint,ratio:double,flag:boolean,day:date,at:timestamp,exact:decimal(18,6),wide:decimal(38,0)> COMMENT 'The all'
)
LOCATION 's3://lake/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'zstd');
