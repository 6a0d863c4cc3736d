-- Returns, those of them that the warehouse has scanned, and refunds per day and country.
SELECT
  r."date",
  r.country,
  count(r.return_id) AS returns,
  count(s.return_id) AS scanned,
  CAST(sum(r.refund) AS DECIMAL(18, 6)) AS refund
FROM returns_lakehouse.clean_returns AS r
LEFT JOIN (SELECT return_id FROM returns_lakehouse.clean_scans GROUP BY return_id) AS s ON s.return_id = r.return_id
WHERE :everything OR r."date" IN (:touched_dates)
GROUP BY r."date", r.country
