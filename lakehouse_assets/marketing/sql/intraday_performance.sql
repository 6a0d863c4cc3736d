-- What happened in each hour, for people who cannot wait for the next report. Rates are those of the report.
WITH
first_rates AS (
  SELECT currency, rate_date, rate, row_number() OVER (PARTITION BY currency, rate_date ORDER BY pulled_at) AS place
  FROM marketing_lakehouse.currency_rates
),
rates AS (
  SELECT currency, rate, rate_date AS since,
    lead(rate_date) OVER (PARTITION BY currency ORDER BY rate_date) AS until,
    row_number() OVER (PARTITION BY currency ORDER BY rate_date) AS place
  FROM first_rates WHERE place = 1
),
priced AS (
  SELECT c.*, r.currency AS reporting, f.rate AS rate, t.rate AS into_rate
  FROM marketing_lakehouse.conversions AS c
  CROSS JOIN marketing_lakehouse.reporting_currency AS r
  LEFT JOIN rates AS f ON f.currency = c.currency
    AND (f.place = 1 OR f.since <= c.conversion_date) AND (f.until IS NULL OR f.until > c.conversion_date)
  LEFT JOIN rates AS t ON t.currency = r.currency
    AND (t.place = 1 OR t.since <= c.conversion_date) AND (t.until IS NULL OR t.until > c.conversion_date)
  WHERE :everything OR c.conversion_date IN (:touched_dates)
),
-- Clicks of an hour are taken as the API counts them where it has counted them: an account may not tell single ones.
counted AS (
  SELECT * FROM marketing_lakehouse.counted_clicks WHERE :everything OR click_date IN (:touched_dates)
),
hours AS (
  SELECT click_date, hour_start, hour_end FROM counted GROUP BY click_date, hour_start, hour_end
),
facts AS (
  SELECT c.click_date AS datestamp, utc(c.created_at) AS happened_at, c.affiliate_id, c.offer_id, 1 AS clicks,
    CASE WHEN c.is_unique THEN 1 ELSE 0 END AS hosts, CAST(NULL AS VARCHAR) AS status,
    CAST(0 AS DECIMAL(18, 6)) AS revenue, CAST(0 AS DECIMAL(18, 6)) AS paid, CAST(0 AS DECIMAL(18, 6)) AS earned
  FROM marketing_lakehouse.clicks AS c
  LEFT JOIN hours AS h ON h.click_date = c.click_date AND h.hour_start <= c.created_at AND c.created_at < h.hour_end
  WHERE (:everything OR c.click_date IN (:touched_dates)) AND h.click_date IS NULL
  UNION ALL
  SELECT click_date, utc(hour_start), affiliate_id, offer_id, clicks, hosts, NULL, 0, 0, 0 FROM counted
  UNION ALL
  SELECT conversion_date, utc(created_at), affiliate_id, offer_id, 0, 0, status,
    CASE WHEN currency = reporting THEN revenue ELSE exchange(revenue, rate, into_rate) END,
    CASE WHEN currency = reporting THEN payouts ELSE exchange(payouts, rate, into_rate) END,
    CASE WHEN currency = reporting THEN earnings ELSE exchange(earnings, rate, into_rate) END
  FROM priced
),
placed AS (
  SELECT f.*, hour_of(f.happened_at) AS hour_start FROM facts AS f
),
grouped AS (
  SELECT datestamp, hour_start, affiliate_id, offer_id, sum(clicks) AS click_count, sum(hosts) AS host_count,
    sum(CASE WHEN status = 'confirmed' THEN 1 ELSE 0 END) AS confirmed,
    sum(CASE WHEN status IN ('pending', 'hold') THEN 1 ELSE 0 END) AS pending,
    sum(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined,
    sum(revenue) AS revenue, sum(paid) AS payouts, sum(earned) AS earnings, max(happened_at) AS last_event_at
  FROM placed
  GROUP BY datestamp, hour_start, affiliate_id, offer_id
)
SELECT
  g.datestamp,
  g.hour_start,
  g.affiliate_id,
  g.offer_id,
  CAST(g.click_count AS BIGINT) AS click_count,
  CAST(g.host_count AS BIGINT) AS host_count,
  CAST(g.confirmed AS BIGINT) AS confirmed_conversions,
  CAST(g.pending AS BIGINT) AS pending_conversions,
  CAST(g.declined AS BIGINT) AS declined_conversions,
  CAST(coalesce(g.revenue, 0) AS DECIMAL(18, 6)) AS revenue,
  CAST(coalesce(g.payouts, 0) AS DECIMAL(18, 6)) AS payouts,
  CAST(coalesce(g.earnings, 0) AS DECIMAL(18, 6)) AS earnings,
  r.currency,
  g.last_event_at,
  true AS is_provisional
FROM grouped AS g
CROSS JOIN marketing_lakehouse.reporting_currency AS r
