-- Sales per order date and department. An order's cents are shared over its departments by items, exactly:
-- with n items, q = |cents| div n and r = |cents| mod n, a department with k items gets
-- q*k + (r*cum div n) - (r*(cum-k) div n) cents, where cum counts the items up to and including it.
WITH picked AS (
  SELECT order_id, user_id, "date", cents(total_amount) AS cents
  FROM delta_lakehouse.clean_orders
  WHERE :everything OR "date" IN (:touched_dates)
),

lines AS (
  SELECT
    o.order_id,
    o.user_id,
    o."date",
    o.cents,
    CASE WHEN i.id IS NULL THEN '(none)' ELSE coalesce(p.department_id, '(unknown)') END AS department_id,
    CASE WHEN i.id IS NULL THEN '(none)' ELSE coalesce(p.department, '(unknown)') END AS department,
    CASE WHEN i.id IS NULL THEN 0 ELSE 1 END AS item,
    CASE WHEN i.reordered THEN 1 ELSE 0 END AS reordered,
    CASE WHEN i.reordered IS NULL THEN 0 ELSE 1 END AS known
  FROM picked AS o
  LEFT JOIN delta_lakehouse.clean_orders_items AS i ON i.order_id = o.order_id
  LEFT JOIN delta_lakehouse.clean_products AS p ON p.product_id = i.product_id
),

shares AS (
  SELECT
    order_id,
    user_id,
    "date",
    cents,
    department_id,
    department,
    count(*) AS k,
    sum(item) AS items,
    sum(reordered) AS reordered,
    sum(known) AS known
  FROM lines
  GROUP BY order_id, user_id, "date", cents, department_id, department
),

placed AS (
  SELECT
    *,
    sum(k) OVER (PARTITION BY order_id) AS n,
    sum(k) OVER (
      PARTITION BY order_id ORDER BY department_id, department
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS cum
  FROM shares
),

divided AS (
  SELECT *, int_div(abs(cents), n) AS q, abs(cents) - int_div(abs(cents), n) * n AS r
  FROM placed
),

split AS (
  SELECT
    *,
    CASE WHEN cents < 0 THEN -1 ELSE 1 END * (q * k + int_div(r * cum, n) - int_div(r * (cum - k), n)) AS part
  FROM divided
)

SELECT
  "date",
  department_id,
  department,
  count(order_id) AS orders,
  count(DISTINCT user_id) AS buyers,
  CAST(sum(items) AS BIGINT) AS items,
  ratio(sum(reordered), sum(known)) AS reorder_rate,
  CAST(sum(money(part)) AS DECIMAL(38, 2)) AS amount
FROM split
GROUP BY "date", department_id, department
