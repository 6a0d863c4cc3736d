-- What affiliates bring per day: clicks, conversions and money by the state that conversions are in.
-- Names are those of the end of the day, or else those that were known first, as in the Sub5 report.
-- What a pull between two ticks saw of the hour that was not over yet waits for the tick after that hour.
WITH
affiliates AS (
  SELECT affiliate_id, display_name, manager_first_name AS first_name, manager_last_name AS last_name, since,
    lead(since) OVER (PARTITION BY affiliate_id ORDER BY valid_from) AS until,
    row_number() OVER (PARTITION BY affiliate_id ORDER BY valid_from) AS place
  FROM (SELECT v.*, local_date(v.valid_from) AS since FROM marketing_lakehouse.affiliate_versions AS v) AS d
),
-- The first rate pulled on a day is that of the day; a day without one has that of the last day before, else of the next.
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
  WHERE (:everything OR c.conversion_date IN (:touched_dates)) AND c.hour_is_open IS NULL
),
converted AS (
  SELECT p.*,
    CASE WHEN currency = reporting THEN revenue ELSE exchange(revenue, rate, into_rate) END AS income,
    CASE WHEN currency = reporting THEN payouts ELSE exchange(payouts, rate, into_rate) END AS paid,
    CASE WHEN currency = reporting THEN earnings ELSE exchange(earnings, rate, into_rate) END AS earned
  FROM priced AS p
),
-- Clicks of an hour are taken as the API counts them where it has counted them: an account may not tell single ones.
counted AS (
  SELECT * FROM marketing_lakehouse.counted_clicks WHERE :everything OR click_date IN (:touched_dates)
),
hours AS (
  SELECT click_date, hour_start, hour_end FROM counted GROUP BY click_date, hour_start, hour_end
),
facts AS (
  SELECT c.click_date AS datestamp, c.affiliate_id, 1 AS clicks, CASE WHEN c.is_unique THEN 1 ELSE 0 END AS hosts,
    CAST(NULL AS VARCHAR) AS status, CAST(0 AS DECIMAL(18, 6)) AS income, CAST(0 AS DECIMAL(18, 6)) AS paid,
    CAST(0 AS DECIMAL(18, 6)) AS earned
  FROM marketing_lakehouse.clicks AS c
  LEFT JOIN hours AS h ON h.click_date = c.click_date AND h.hour_start <= c.created_at AND c.created_at < h.hour_end
  WHERE (:everything OR c.click_date IN (:touched_dates)) AND h.click_date IS NULL AND c.hour_is_open IS NULL
  UNION ALL
  SELECT click_date, affiliate_id, clicks, hosts, NULL, 0, 0, 0 FROM counted
  UNION ALL
  SELECT conversion_date, affiliate_id, 0, 0, status, income, paid, earned FROM converted
),
grouped AS (
  SELECT datestamp, affiliate_id, sum(clicks) AS click_count, sum(hosts) AS host_count,
    sum(CASE WHEN status = 'confirmed' THEN 1 ELSE 0 END) AS confirmed,
    sum(CASE WHEN status = 'confirmed' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS confirmed_revenue,
    sum(CASE WHEN status = 'confirmed' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS confirmed_payouts,
    sum(CASE WHEN status = 'confirmed' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS confirmed_earnings,
    sum(CASE WHEN status = 'pending' THEN 1 ELSE 0 END) AS pending,
    sum(CASE WHEN status = 'pending' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS pending_revenue,
    sum(CASE WHEN status = 'pending' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS pending_payouts,
    sum(CASE WHEN status = 'pending' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS pending_earnings,
    sum(CASE WHEN status = 'hold' THEN 1 ELSE 0 END) AS hold,
    sum(CASE WHEN status = 'hold' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS hold_revenue,
    sum(CASE WHEN status = 'hold' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS hold_payouts,
    sum(CASE WHEN status = 'hold' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS hold_earnings,
    sum(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined,
    sum(CASE WHEN status = 'declined' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS declined_revenue,
    sum(CASE WHEN status = 'declined' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS declined_payouts,
    sum(CASE WHEN status = 'declined' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS declined_earnings,
    sum(CASE WHEN status = 'not_found' THEN 1 ELSE 0 END) AS not_found,
    sum(CASE WHEN status = 'not_found' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS not_found_revenue,
    sum(CASE WHEN status = 'not_found' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS not_found_payouts,
    sum(CASE WHEN status = 'not_found' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS not_found_earnings
  FROM facts
  GROUP BY datestamp, affiliate_id
)
SELECT
  g.datestamp,
  g.affiliate_id,
  a.display_name AS affiliate_name,
  CASE WHEN a.first_name IS NULL THEN a.last_name WHEN a.last_name IS NULL THEN a.first_name
    ELSE concat(a.first_name, ' ', a.last_name) END AS affiliate_manager,
  CAST(g.click_count AS BIGINT) AS click_count,
  CAST(g.host_count AS BIGINT) AS host_count,
  CAST(g.confirmed AS BIGINT) AS confirmed_conversions,
  CAST(g.confirmed_revenue AS DECIMAL(18, 6)) AS confirmed_revenue,
  CAST(g.confirmed_payouts AS DECIMAL(18, 6)) AS confirmed_payouts,
  CAST(g.confirmed_earnings AS DECIMAL(18, 6)) AS confirmed_earnings,
  CAST(g.pending AS BIGINT) AS pending_conversions,
  CAST(g.pending_revenue AS DECIMAL(18, 6)) AS pending_revenue,
  CAST(g.pending_payouts AS DECIMAL(18, 6)) AS pending_payouts,
  CAST(g.pending_earnings AS DECIMAL(18, 6)) AS pending_earnings,
  CAST(g.hold AS BIGINT) AS hold_conversions,
  CAST(g.hold_revenue AS DECIMAL(18, 6)) AS hold_revenue,
  CAST(g.hold_payouts AS DECIMAL(18, 6)) AS hold_payouts,
  CAST(g.hold_earnings AS DECIMAL(18, 6)) AS hold_earnings,
  CAST(g.declined AS BIGINT) AS declined_conversions,
  CAST(g.declined_revenue AS DECIMAL(18, 6)) AS declined_revenue,
  CAST(g.declined_payouts AS DECIMAL(18, 6)) AS declined_payouts,
  CAST(g.declined_earnings AS DECIMAL(18, 6)) AS declined_earnings,
  CAST(g.not_found AS BIGINT) AS not_found_conversions,
  CAST(g.not_found_revenue AS DECIMAL(18, 6)) AS not_found_revenue,
  CAST(g.not_found_payouts AS DECIMAL(18, 6)) AS not_found_payouts,
  CAST(g.not_found_earnings AS DECIMAL(18, 6)) AS not_found_earnings,
  ratio(g.confirmed, g.click_count) AS conversion_rate,
  ratio(g.confirmed, g.confirmed + g.declined) AS approval_rate,
  ratio(g.host_count, g.click_count) AS host_rate,
  -- In millionths, so that whole numbers are divided.
  ratio(CAST(g.paid_out * 1000000 AS BIGINT), g.click_count * 1000000) AS epc,
  r.currency
FROM (SELECT o.*, CAST(o.confirmed_payouts AS DECIMAL(18, 6)) AS paid_out FROM grouped AS o) AS g
CROSS JOIN marketing_lakehouse.reporting_currency AS r
LEFT JOIN affiliates AS a ON a.affiliate_id = g.affiliate_id
  AND (a.place = 1 OR a.since <= g.datestamp) AND (a.until IS NULL OR a.until > g.datestamp)
