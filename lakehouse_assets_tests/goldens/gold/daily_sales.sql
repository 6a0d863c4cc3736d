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
    SELECT
      *
    FROM (
      WITH departments AS (
        SELECT
          n.department_id,
          n.department,
          ROW_NUMBER() OVER (ORDER BY n.department_id, n.department) AS number
        FROM (
          SELECT
            COALESCE(department_id, '(unknown)') AS department_id,
            COALESCE(department, '(unknown)') AS department
          FROM delta_lakehouse.clean_products
          UNION
          SELECT
            '(unknown)' AS department_id,
            '(unknown)' AS department
          UNION
          SELECT
            '(none)' AS department_id,
            '(none)' AS department
        ) AS n
      ), special AS (
        SELECT
          MIN(
            CASE WHEN department_id = '(unknown)' AND department = '(unknown)' THEN number END
          ) AS unknown,
          MIN(CASE WHEN department_id = '(none)' AND department = '(none)' THEN number END) AS none
        FROM departments
      ), products AS (
        SELECT
          p.product_id,
          d.number
        FROM delta_lakehouse.clean_products AS p
        JOIN departments AS d
          ON d.department_id = COALESCE(p.department_id, '(unknown)')
          AND d.department = COALESCE(p.department, '(unknown)')
      ), picked AS (
        SELECT
          order_id,
          user_id,
          "date",
          (
            CAST(CAST(total_amount AS DECIMAL(20, 2)) * 100 AS BIGINT)
          ) AS cents
        FROM delta_lakehouse.clean_orders
        WHERE
          "date" IN (CAST('2025-04-03' AS DATE), CAST('2025-04-01' AS DATE))
      ), shares AS (
        SELECT
          i.order_id,
          COALESCE(p.number, s.unknown) AS number,
          COUNT(i.order_id) AS k,
          COUNT(CASE WHEN i.reordered THEN 1 END) AS reordered,
          COUNT(i.reordered) AS known
        FROM delta_lakehouse.clean_orders_items AS i
        CROSS JOIN special AS s
        LEFT JOIN products AS p
          ON p.product_id = i.product_id
        WHERE
          i.order_id IN (
            SELECT
              order_id
            FROM picked
          )
        GROUP BY
          i.order_id,
          COALESCE(p.number, s.unknown)
      ), placed AS (
        SELECT
          *,
          SUM(k) OVER (PARTITION BY order_id) AS n,
          SUM(k) OVER (
            PARTITION BY order_id
            ORDER BY number
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
          ) AS cum
        FROM shares
      ), joined AS (
        SELECT
          o.order_id,
          o.user_id,
          o."date",
          o.cents,
          COALESCE(p.number, s.none) AS number,
          COALESCE(p.k, 0) AS items,
          COALESCE(p.reordered, 0) AS reordered,
          COALESCE(p.known, 0) AS known,
          COALESCE(p.k, 1) AS k,
          CAST(COALESCE(p.n, 1) AS BIGINT) AS n,
          CAST(COALESCE(p.cum, 1) AS BIGINT) AS cum
        FROM picked AS o
        CROSS JOIN special AS s
        LEFT JOIN placed AS p
          ON p.order_id = o.order_id
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
        FROM joined
      ), summed AS (
        SELECT
          "date",
          number,
          COUNT(order_id) AS orders,
          COUNT(DISTINCT user_id) AS buyers,
          CAST(SUM(items) AS BIGINT) AS items,
          (
            CASE
              WHEN SUM(known) <> 0
              THEN CAST(SUM(reordered) AS DOUBLE) / CAST(SUM(known) AS DOUBLE)
            END
          ) AS reorder_rate,
          SUM(
            CAST(CASE WHEN cents < 0 THEN -1 ELSE 1 END * (
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
            ) AS DECIMAL(18, 0))
          ) AS cents
        FROM divided
        GROUP BY
          "date",
          number
      )
      SELECT
        s."date",
        d.department_id,
        d.department,
        s.orders,
        s.buyers,
        s.items,
        s.reorder_rate,
        CAST(s.cents * CAST(0.01 AS DECIMAL(3, 2)) AS DECIMAL(38, 2)) AS amount
      FROM summed AS s
      JOIN departments AS d
        ON d.number = s.number
    ) AS m
    WHERE
      "date" IN (CAST('2025-04-01' AS DATE), CAST('2025-04-03' AS DATE))
  ) AS f
  FULL JOIN (
    SELECT
      "date",
      "department_id",
      "department"
    FROM ecommerce_gold.daily_sales
    WHERE
      "date" IN (CAST('2025-04-01' AS DATE), CAST('2025-04-03' AS DATE))
  ) AS h
    ON h."date" = f."date"
    AND h."department_id" = f."department_id"
    AND h."department" = f."department"
) AS s
ON t."date" = s."date"
AND t."department_id" = s."department_id"
AND t."department" = s."department"
AND t."date" BETWEEN CAST('2025-04-01' AS DATE) AND CAST('2025-04-03' AS DATE)
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
