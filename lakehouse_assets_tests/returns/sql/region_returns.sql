-- The same by the sales team's regions, which the reference table knows.
SELECT
  d."date",
  c.region,
  CAST(sum(d.returns) AS BIGINT) AS returns,
  CAST(sum(d.scanned) AS BIGINT) AS scanned,
  CAST(sum(d.refund) AS DECIMAL(18, 6)) AS refund
FROM returns_gold.daily_returns AS d
JOIN returns_lakehouse.countries AS c ON c.code = d.country
WHERE :everything OR d."date" IN (:touched_dates)
GROUP BY d."date", c.region
