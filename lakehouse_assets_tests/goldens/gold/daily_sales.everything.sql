MERGE INTO ecommerce_gold.daily_sales AS t
USING (
  SELECT
    COALESCE(f."date", h."date") AS "date",
    COALESCE(f."department_id", h."department_id") AS "department_id",
    COALESCE(f."department", h."department") AS "department",
    f."orders",
    f."buyers",
    f."items",
    f."reorder_rate",
    f."amount",
    f."date" IS NULL AS gone
  FROM (
    WITH picked AS (
      SELECT
        order_id,
        user_id,
        "date",
        (
          CAST(CAST(total_amount AS DECIMAL(20, 2)) * 100 AS BIGINT)
        ) AS cents
      FROM delta_lakehouse.clean_orders
      WHERE
        TRUE OR "date" IN (NULL)
    ), lines AS (
      SELECT
        o.order_id,
        o.user_id,
        o."date",
        o.cents,
        CASE WHEN i.id IS NULL THEN '(none)' ELSE COALESCE(p.department_id, '(unknown)') END AS department_id,
        CASE WHEN i.id IS NULL THEN '(none)' ELSE COALESCE(p.department, '(unknown)') END AS department,
        CASE WHEN i.id IS NULL THEN 0 ELSE 1 END AS item,
        CASE WHEN i.reordered THEN 1 ELSE 0 END AS reordered,
        CASE WHEN i.reordered IS NULL THEN 0 ELSE 1 END AS known
      FROM picked AS o
      LEFT JOIN delta_lakehouse.clean_orders_items AS i
        ON i.order_id = o.order_id
      LEFT JOIN delta_lakehouse.clean_products AS p
        ON p.product_id = i.product_id
    ), shares AS (
      SELECT
        order_id,
        user_id,
        "date",
        cents,
        department_id,
        department,
        COUNT(*) AS k,
        SUM(item) AS items,
        SUM(reordered) AS reordered,
        SUM(known) AS known
      FROM lines
      GROUP BY
        order_id,
        user_id,
        "date",
        cents,
        department_id,
        department
    ), placed AS (
      SELECT
        *,
        SUM(k) OVER (PARTITION BY order_id) AS n,
        SUM(k) OVER (
          PARTITION BY order_id
          ORDER BY department_id, department
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS cum
      FROM shares
    ), divided AS (
      SELECT
        *,
        (
          (
            ABS(cents) / n
          )
        ) AS q,
        ABS(cents) - (
          (
            ABS(cents) / n
          )
        ) * n AS r
      FROM placed
    ), split AS (
      SELECT
        *,
        CASE WHEN cents < 0 THEN -1 ELSE 1 END * (
          q * k + (
            (
              r * cum / n
            )
          ) - (
            (
              r * (
                cum - k
              ) / n
            )
          )
        ) AS part
      FROM divided
    )
    SELECT
      "date",
      department_id,
      department,
      COUNT(order_id) AS orders,
      COUNT(DISTINCT user_id) AS buyers,
      CAST(SUM(items) AS BIGINT) AS items,
      (
        CASE
          WHEN SUM(known) <> 0
          THEN CAST(SUM(reordered) AS DOUBLE) / CAST(SUM(known) AS DOUBLE)
        END
      ) AS reorder_rate,
      CAST(SUM(
        (
          CAST(CAST(part AS DECIMAL(20, 0)) * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(18, 2))
        )
      ) AS DECIMAL(38, 2)) AS amount
    FROM split
    GROUP BY
      "date",
      department_id,
      department
  ) AS f
  FULL JOIN (
    SELECT
      "date",
      "department_id",
      "department"
    FROM ecommerce_gold.daily_sales
  ) AS h
    ON h."date" = f."date"
    AND h."department_id" = f."department_id"
    AND h."department" = f."department"
) AS s
ON t."date" = s."date"
AND t."department_id" = s."department_id"
AND t."department" = s."department"
WHEN MATCHED AND s.gone THEN DELETE
WHEN MATCHED AND (
  t."orders" IS DISTINCT FROM s."orders"
  OR t."buyers" IS DISTINCT FROM s."buyers"
  OR t."items" IS DISTINCT FROM s."items"
  OR t."reorder_rate" IS DISTINCT FROM s."reorder_rate"
  OR t."amount" IS DISTINCT FROM s."amount"
) THEN UPDATE SET
  "orders" = s."orders",
  "buyers" = s."buyers",
  "items" = s."items",
  "reorder_rate" = s."reorder_rate",
  "amount" = s."amount"
WHEN NOT MATCHED AND NOT s.gone THEN INSERT (
  "date",
  "department_id",
  "department",
  "orders",
  "buyers",
  "items",
  "reorder_rate",
  "amount"
) VALUES (
  s."date",
  s."department_id",
  s."department",
  s."orders",
  s."buyers",
  s."items",
  s."reorder_rate",
  s."amount"
);
