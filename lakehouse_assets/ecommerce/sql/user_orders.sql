-- What each buyer ordered so far; days between orders go by local dates.
SELECT
  user_id,
  min(utc(order_timestamp)) AS first_order_at,
  max(utc(order_timestamp)) AS last_order_at,
  count(order_id) AS orders,
  CAST(sum(total_amount) AS DECIMAL(38, 2)) AS amount,
  ratio(whole_days(min("date"), max("date")), count(order_id) - 1) AS avg_days_between_orders
FROM delta_lakehouse.clean_orders
WHERE :everything OR user_id IN (:touched_users)
GROUP BY user_id
