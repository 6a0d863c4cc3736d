MERGE INTO ecommerce_gold.product_daily AS t
USING (
  SELECT
    COALESCE(f."date", h."date") AS "date",
    COALESCE(f."product_id", h."product_id") AS "product_id",
    f."items",
    f."orders",
    f."reorder_rate",
    f."avg_cart_position",
    f."date" IS NULL AS gone
  FROM (
    SELECT
      *
    FROM (
      SELECT
        o."date",
        i.product_id,
        COUNT(i.id) AS items,
        COUNT(DISTINCT i.order_id) AS orders,
        (
          CASE
            WHEN COUNT(i.reordered) <> 0
            THEN CAST(SUM(CASE WHEN i.reordered THEN 1 ELSE 0 END) AS DOUBLE) / CAST(COUNT(i.reordered) AS DOUBLE)
          END
        ) AS reorder_rate,
        (
          CASE
            WHEN COUNT(i.add_to_cart_order) <> 0
            THEN CAST(SUM(i.add_to_cart_order) AS DOUBLE) / CAST(COUNT(i.add_to_cart_order) AS DOUBLE)
          END
        ) AS avg_cart_position
      FROM delta_lakehouse.clean_orders AS o
      JOIN delta_lakehouse.clean_orders_items AS i
        ON i.order_id = o.order_id
      WHERE
        o."date" IN (CAST('2025-04-03' AS DATE), CAST('2025-04-01' AS DATE))
      GROUP BY
        o."date",
        i.product_id
    ) AS m
    WHERE
      "date" IN (CAST('2025-04-01' AS DATE), CAST('2025-04-03' AS DATE))
  ) AS f
  FULL JOIN (
    SELECT
      "date",
      "product_id"
    FROM ecommerce_gold.product_daily
    WHERE
      "date" IN (CAST('2025-04-01' AS DATE), CAST('2025-04-03' AS DATE))
  ) AS h
    ON h."date" = f."date" AND h."product_id" = f."product_id"
) AS s
ON t."date" = s."date"
AND t."product_id" = s."product_id"
AND t."date" BETWEEN CAST('2025-04-01' AS DATE) AND CAST('2025-04-03' AS DATE)
WHEN MATCHED AND s.gone THEN DELETE
WHEN MATCHED AND (
  t."items" IS DISTINCT FROM s."items"
  OR t."orders" IS DISTINCT FROM s."orders"
  OR t."reorder_rate" IS DISTINCT FROM s."reorder_rate"
  OR t."avg_cart_position" IS DISTINCT FROM s."avg_cart_position"
) THEN UPDATE SET
  "items" = s."items",
  "orders" = s."orders",
  "reorder_rate" = s."reorder_rate",
  "avg_cart_position" = s."avg_cart_position"
WHEN NOT MATCHED AND NOT s.gone THEN INSERT ("date", "product_id", "items", "orders", "reorder_rate", "avg_cart_position") VALUES (
  s."date",
  s."product_id",
  s."items",
  s."orders",
  s."reorder_rate",
  s."avg_cart_position"
);
