"""Words of Athena's DDL.

https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


RESERVED = words(
    """
    ALL ALTER AND ARRAY AS AUTHORIZATION BETWEEN BIGINT BINARY BOOLEAN BOTH BY CASE CASHE CAST CHAR COLUMN
    CONF CONSTRAINT COMMIT CREATE CROSS CUBE CURRENT CURRENT_DATE CURRENT_TIMESTAMP CURSOR DATABASE DATE
    DAYOFWEEK DECIMAL DELETE DESCRIBE DISTINCT DIV DOUBLE DROP ELSE END EXCHANGE EXISTS EXTENDED EXTERNAL
    EXTRACT FALSE FETCH FLOAT FLOOR FOLLOWING FOR FOREIGN FROM FULL FUNCTION GRANT GROUP GROUPING HAVING IF
    IMPORT IN INNER INSERT INT INTEGER INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LESS LIKE LOCAL MACRO MAP
    MORE NONE NOT NULL NUMERIC OF ON ONLY OR ORDER OUT OUTER OVER PARTIALSCAN PARTITION PERCENT PRECEDING
    PRECISION PRESERVE PRIMARY PROCEDURE RANGE READS REDUCE REFERENCES REGEXP REVOKE RIGHT RLIKE ROLLBACK
    ROLLUP ROW ROWS SELECT SET SMALLINT START TABLE TABLESAMPLE THEN TIME TIMESTAMP TO TRANSFORM TRIGGER TRUE
    TRUNCATE UNBOUNDED UNION UNIQUEJOIN UPDATE USER USING UTC_TIMESTAMP VALUES VARCHAR VIEWS WHEN WHERE WINDOW
    WITH
    """
)
"""What has to be quoted by backticks in DDL."""
TYPES = words("boolean int bigint float double decimal date timestamp string binary array map struct")
"""Types of an Iceberg table's columns; `integer` and `varchar` are words of queries."""
TRANSFORMS = words("year month day hour bucket truncate")
ICEBERG_PROPERTIES = words(
    """
    table_type format write_compression optimize_rewrite_min_data_file_size_bytes
    optimize_rewrite_max_data_file_size_bytes optimize_rewrite_data_file_threshold
    optimize_rewrite_delete_file_threshold vacuum_min_snapshots_to_keep vacuum_max_snapshot_age_seconds
    vacuum_max_metadata_files_to_keep write_target_data_file_size_bytes compression_level
    """
)
