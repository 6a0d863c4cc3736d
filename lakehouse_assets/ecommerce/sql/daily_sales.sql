-- Sales per order date and department. An order's cents are shared over its departments by items, exactly:
-- with n items, q = |cents| div n and r = |cents| mod n, a department with k items gets
-- q*k + (r*cum div n) - (r*(cum-k) div n) cents, where cum counts the items up to and including it.
-- Departments have a number in the order of their names, because numbers are grouped and sorted faster than texts.
WITH departments AS (
  SELECT n.department_id, n.department, row_number() OVER (ORDER BY n.department_id, n.department) AS number
  FROM (
    SELECT coalesce(department_id, '(unknown)') AS department_id, coalesce(department, '(unknown)') AS department
    FROM delta_lakehouse.clean_products
    UNION
    SELECT '(unknown)' AS department_id, '(unknown)' AS department
    UNION
    SELECT '(none)' AS department_id, '(none)' AS department
  ) AS n
),

special AS (
  SELECT
    min(CASE WHEN department_id = '(unknown)' AND department = '(unknown)' THEN number END) AS unknown,
    min(CASE WHEN department_id = '(none)' AND department = '(none)' THEN number END) AS none
  FROM departments
),

products AS (
  SELECT p.product_id, d.number
  FROM delta_lakehouse.clean_products AS p
  JOIN departments AS d
    ON d.department_id = coalesce(p.department_id, '(unknown)') AND d.department = coalesce(p.department, '(unknown)')
),

picked AS (
  SELECT order_id, user_id, "date", cents(total_amount) AS cents
  FROM delta_lakehouse.clean_orders
  WHERE :everything OR "date" IN (:touched_dates)
),

shares AS (
  SELECT
    i.order_id,
    coalesce(p.number, s.unknown) AS number,
    count(i.order_id) AS k,
    count(CASE WHEN i.reordered THEN 1 END) AS reordered,
    count(i.reordered) AS known
  FROM delta_lakehouse.clean_orders_items AS i
  CROSS JOIN special AS s
  LEFT JOIN products AS p ON p.product_id = i.product_id
  WHERE :everything OR i.order_id IN (SELECT order_id FROM picked)
  GROUP BY i.order_id, coalesce(p.number, s.unknown)
),

placed AS (
  SELECT
    *,
    sum(k) OVER (PARTITION BY order_id) AS n,
    sum(k) OVER (PARTITION BY order_id ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cum
  FROM shares
),

-- An order without items is one share of everything.
joined AS (
  SELECT
    o.order_id,
    o.user_id,
    o."date",
    o.cents,
    coalesce(p.number, s.none) AS number,
    coalesce(p.k, 0) AS items,
    coalesce(p.reordered, 0) AS reordered,
    coalesce(p.known, 0) AS known,
    coalesce(p.k, 1) AS k,
    CAST(coalesce(p.n, 1) AS BIGINT) AS n,
    CAST(coalesce(p.cum, 1) AS BIGINT) AS cum
  FROM picked AS o
  CROSS JOIN special AS s
  LEFT JOIN placed AS p ON p.order_id = o.order_id
),

divided AS (
  SELECT *, int_div(abs(cents), n) AS q, abs(cents) - int_div(abs(cents), n) * n AS r
  FROM joined
),

summed AS (
  SELECT
    "date",
    number,
    count(order_id) AS orders,
    count(DISTINCT user_id) AS buyers,
    CAST(sum(items) AS BIGINT) AS items,
    ratio(sum(reordered), sum(known)) AS reorder_rate,
    sum(CAST(
      CASE WHEN cents < 0 THEN -1 ELSE 1 END * (q * k + int_div(r * cum, n) - int_div(r * (cum - k), n))
      AS DECIMAL(18, 0)
    )) AS cents
  FROM divided
  GROUP BY "date", number
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
JOIN departments AS d ON d.number = s.number
