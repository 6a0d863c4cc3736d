-- The Sub5 report: clicks and conversions by day, affiliate, advertiser, offer, country, sub5, sub6 and operating system.
-- Grouping is by ids; names are joined last, as they were at the end of the row's day, or else as they were first known.
-- What a pull between two ticks saw of the hour that was not over yet waits for the tick after that hour.
WITH
offers AS (
  SELECT offer_id, title, status, privacy, advertiser_id, since,
    lead(since) OVER (PARTITION BY offer_id ORDER BY valid_from) AS until,
    row_number() OVER (PARTITION BY offer_id ORDER BY valid_from) AS place
  FROM (SELECT v.*, local_date(v.valid_from) AS since FROM marketing_lakehouse.offer_versions AS v) AS d
),
affiliates AS (
  SELECT affiliate_id, display_name, manager_first_name AS first_name, manager_last_name AS last_name, since,
    lead(since) OVER (PARTITION BY affiliate_id ORDER BY valid_from) AS until,
    row_number() OVER (PARTITION BY affiliate_id ORDER BY valid_from) AS place
  FROM (SELECT v.*, local_date(v.valid_from) AS since FROM marketing_lakehouse.affiliate_versions AS v) AS d
),
advertisers AS (
  SELECT advertiser_id, title, manager_first_name AS first_name, manager_last_name AS last_name, since,
    lead(since) OVER (PARTITION BY advertiser_id ORDER BY valid_from) AS until,
    row_number() OVER (PARTITION BY advertiser_id ORDER BY valid_from) AS place
  FROM (SELECT v.*, local_date(v.valid_from) AS since FROM marketing_lakehouse.advertiser_versions AS v) AS d
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
all_clicks AS (
  SELECT c.click_date, c.affiliate_id, c.offer_id, c.country, c.sub5, c.sub6, c.os, c.os_version, 1 AS clicks,
    CASE WHEN c.is_unique THEN 1 ELSE 0 END AS hosts
  FROM marketing_lakehouse.clicks AS c
  LEFT JOIN hours AS h ON h.click_date = c.click_date AND h.hour_start <= c.created_at AND c.created_at < h.hour_end
  WHERE (:everything OR c.click_date IN (:touched_dates)) AND h.click_date IS NULL AND c.hour_is_open IS NULL
  UNION ALL
  SELECT click_date, affiliate_id, offer_id, country, sub5, sub6, os, os_version, clicks, hosts FROM counted
),
facts AS (
  SELECT c.click_date AS datestamp, c.affiliate_id, o.advertiser_id, c.offer_id, c.country, c.sub5, c.sub6, c.os,
    c.os_version, c.clicks, c.hosts, CAST(NULL AS VARCHAR) AS status,
    CAST(0 AS DECIMAL(18, 6)) AS income, CAST(0 AS DECIMAL(18, 6)) AS paid, CAST(0 AS DECIMAL(18, 6)) AS earned
  FROM all_clicks AS c
  LEFT JOIN offers AS o ON o.offer_id = c.offer_id
    AND (o.place = 1 OR o.since <= c.click_date) AND (o.until IS NULL OR o.until > c.click_date)
  UNION ALL
  SELECT conversion_date, affiliate_id, advertiser_id, offer_id, country, sub5, sub6, os, os_version, 0, 0, status,
    income, paid, earned
  FROM converted
),
grouped AS (
  SELECT datestamp, affiliate_id, coalesce(advertiser_id, '') AS advertiser_id, offer_id,
    coalesce(country, '') AS country, coalesce(sub5, '') AS sub5, coalesce(sub6, '') AS sub6, coalesce(os, '') AS os,
    coalesce(os_version, '') AS os_version, sum(clicks) AS click_count, sum(hosts) AS host_count,
    sum(earned) AS earnings, sum(paid) AS payouts,
    sum(CASE WHEN status = 'confirmed' THEN 1 ELSE 0 END) AS approved,
    sum(CASE WHEN status = 'confirmed' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS approved_revenue,
    sum(CASE WHEN status = 'declined' THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS declined_revenue,
    sum(CASE WHEN status = 'declined' THEN 1 ELSE 0 END) AS declined_conversions,
    sum(CASE WHEN status = 'confirmed' THEN earned ELSE CAST(0 AS DECIMAL(18, 6)) END) AS approved_earnings,
    sum(CASE WHEN status = 'confirmed' THEN paid ELSE CAST(0 AS DECIMAL(18, 6)) END) AS approved_payouts,
    sum(CASE WHEN status IN ('pending', 'hold') THEN 1 ELSE 0 END) AS pending_conversions,
    sum(CASE WHEN status IN ('pending', 'hold') THEN income ELSE CAST(0 AS DECIMAL(18, 6)) END) AS pending_revenue
  FROM facts
  GROUP BY datestamp, affiliate_id, coalesce(advertiser_id, ''), offer_id, coalesce(country, ''), coalesce(sub5, ''),
    coalesce(sub6, ''), coalesce(os, ''), coalesce(os_version, '')
)
SELECT
  g.datestamp,
  g.affiliate_id,
  a.display_name AS affiliate_name,
  CASE WHEN a.first_name IS NULL THEN a.last_name WHEN a.last_name IS NULL THEN a.first_name
    ELSE concat(a.first_name, ' ', a.last_name) END AS affiliate_manager,
  v.title AS advertiser_name,
  CASE WHEN v.first_name IS NULL THEN v.last_name WHEN v.last_name IS NULL THEN v.first_name
    ELSE concat(v.first_name, ' ', v.last_name) END AS account_manager,
  o.title AS offer_title,
  o.status AS offer_status,
  o.privacy AS offer_privacy,
  g.offer_id,
  g.country,
  g.sub5,
  g.sub6,
  g.os,
  g.os_version,
  CAST(g.click_count AS BIGINT) AS click_count,
  CAST(g.host_count AS BIGINT) AS host_count,
  CAST(g.earnings AS DECIMAL(18, 6)) AS earnings,
  CAST(g.approved AS BIGINT) AS approved,
  CAST(g.payouts AS DECIMAL(18, 6)) AS payouts,
  CAST(g.approved_revenue AS DECIMAL(18, 6)) AS approved_revenue,
  CAST(g.declined_revenue AS DECIMAL(18, 6)) AS declined_revenue,
  CAST(g.approved AS BIGINT) AS conversions_count,
  CAST(g.declined_conversions AS BIGINT) AS declined_conversions,
  c.region,
  CAST(g.approved_earnings AS DECIMAL(18, 6)) AS approved_earnings,
  CAST(g.approved_payouts AS DECIMAL(18, 6)) AS approved_payouts,
  CAST(g.pending_conversions AS BIGINT) AS pending_conversions,
  CAST(g.pending_revenue AS DECIMAL(18, 6)) AS pending_revenue,
  r.currency,
  g.advertiser_id
FROM grouped AS g
CROSS JOIN marketing_lakehouse.reporting_currency AS r
LEFT JOIN affiliates AS a ON a.affiliate_id = g.affiliate_id
  AND (a.place = 1 OR a.since <= g.datestamp) AND (a.until IS NULL OR a.until > g.datestamp)
LEFT JOIN advertisers AS v ON v.advertiser_id = g.advertiser_id
  AND (v.place = 1 OR v.since <= g.datestamp) AND (v.until IS NULL OR v.until > g.datestamp)
LEFT JOIN offers AS o ON o.offer_id = g.offer_id
  AND (o.place = 1 OR o.since <= g.datestamp) AND (o.until IS NULL OR o.until > g.datestamp)
LEFT JOIN marketing_lakehouse.country_region AS c ON c.country = g.country
