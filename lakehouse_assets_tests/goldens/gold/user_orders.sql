MERGE INTO ecommerce_gold.user_orders AS t
USING (
  SELECT
    COALESCE(f."user_id", h."user_id") AS "user_id",
    f."first_order_at",
    f."last_order_at",
    f."orders",
    f."amount",
    f."avg_days_between_orders",
    f."user_id" IS NULL AS gone
  FROM (
    SELECT
      *
    FROM (
      SELECT
        user_id,
        MIN((
          CAST(AT_TIMEZONE((
            order_timestamp
          ), 'UTC') AS TIMESTAMP(6))
        )) AS first_order_at,
        MAX((
          CAST(AT_TIMEZONE((
            order_timestamp
          ), 'UTC') AS TIMESTAMP(6))
        )) AS last_order_at,
        COUNT(order_id) AS orders,
        CAST(SUM(total_amount) AS DECIMAL(38, 2)) AS amount,
        (
          CASE
            WHEN COUNT(order_id) - 1 <> 0
            THEN CAST((
              DATE_DIFF('DAY', MIN("date"), MAX("date"))
            ) AS DOUBLE) / CAST(COUNT(order_id) - 1 AS DOUBLE)
          END
        ) AS avg_days_between_orders
      FROM delta_lakehouse.clean_orders
      WHERE
        user_id IN ('u2', 'it''s u1')
      GROUP BY
        user_id
    ) AS m
    WHERE
      "user_id" IN ('it''s u1', 'u2')
  ) AS f
  FULL JOIN (
    SELECT
      "user_id"
    FROM ecommerce_gold.user_orders
    WHERE
      "user_id" IN ('it''s u1', 'u2')
  ) AS h
    ON h."user_id" = f."user_id"
) AS s
ON t."user_id" = s."user_id" AND t."user_id" BETWEEN 'it''s u1' AND 'u2'
WHEN MATCHED AND s.gone THEN DELETE
WHEN MATCHED AND (
  t."first_order_at" IS DISTINCT FROM s."first_order_at"
  OR t."last_order_at" IS DISTINCT FROM s."last_order_at"
  OR t."orders" IS DISTINCT FROM s."orders"
  OR t."amount" IS DISTINCT FROM s."amount"
  OR t."avg_days_between_orders" IS DISTINCT FROM s."avg_days_between_orders"
) THEN UPDATE SET
  "first_order_at" = s."first_order_at",
  "last_order_at" = s."last_order_at",
  "orders" = s."orders",
  "amount" = s."amount",
  "avg_days_between_orders" = s."avg_days_between_orders"
WHEN NOT MATCHED AND NOT s.gone THEN INSERT (
  "user_id",
  "first_order_at",
  "last_order_at",
  "orders",
  "amount",
  "avg_days_between_orders"
) VALUES (
  s."user_id",
  s."first_order_at",
  s."last_order_at",
  s."orders",
  s."amount",
  s."avg_days_between_orders"
);
