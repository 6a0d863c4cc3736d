-- Sales per order date and product.
SELECT
  o."date",
  i.product_id,
  count(i.id) AS items,
  count(DISTINCT i.order_id) AS orders,
  ratio(sum(CASE WHEN i.reordered THEN 1 ELSE 0 END), count(i.reordered)) AS reorder_rate,
  ratio(sum(i.add_to_cart_order), count(i.add_to_cart_order)) AS avg_cart_position
FROM delta_lakehouse.clean_orders AS o
JOIN delta_lakehouse.clean_orders_items AS i ON i.order_id = o.order_id
WHERE :everything OR o."date" IN (:touched_dates)
GROUP BY o."date", i.product_id
