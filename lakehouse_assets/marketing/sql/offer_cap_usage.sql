-- How far the caps of offers are used, as of the latest pull: of each cap, what counts together in its present period.
-- An exact cap counts what it names, together; a cap of each counts every goal, affiliate or country by itself.
-- Amounts are as they are, in the offer's currency; impressions are in no answer, so none are counted.
-- What a pull between two ticks saw of the hour that was not over yet is not counted either.
WITH
pulled AS (SELECT max(pulled_at) AS pulled_at FROM marketing_lakehouse.offers),
caps AS (
  SELECT c.*, o.title
  FROM pulled AS p
  JOIN marketing_lakehouse.offers AS o ON o.pulled_at = p.pulled_at AND NOT o.is_deleted
  JOIN marketing_lakehouse.offer_caps AS c ON c.offer_id = o.offer_id AND c.pulled_at = p.pulled_at
),
-- Caps of clicks begin anew with each month at the latest.
recent AS (SELECT add_days(max(snapshot_date), -32) AS since FROM caps),
counted AS (
  SELECT k.* FROM marketing_lakehouse.counted_clicks AS k CROSS JOIN recent AS r WHERE k.click_date >= r.since
),
hours AS (SELECT click_date, hour_start, hour_end FROM counted GROUP BY click_date, hour_start, hour_end),
all_clicks AS (
  SELECT k.offer_id, k.affiliate_id, k.country, k.created_at, 1 AS clicks
  FROM marketing_lakehouse.clicks AS k
  CROSS JOIN recent AS r
  LEFT JOIN hours AS h ON h.click_date = k.click_date AND h.hour_start <= k.created_at AND k.created_at < h.hour_end
  WHERE k.click_date >= r.since AND h.click_date IS NULL AND k.hour_is_open IS NULL
  UNION ALL
  SELECT offer_id, affiliate_id, country, hour_start, clicks FROM counted
),
facts AS (
  SELECT c.offer_id, c.snapshot_date, c.cap_key, c."ordinal", c.goal_type, c.affiliate_type, c.country_type, '' AS goal,
    k.affiliate_id, coalesce(k.country, '') AS country, CAST(k.clicks AS DECIMAL(18, 6)) AS amount
  FROM caps AS c
  JOIN all_clicks AS k ON k.offer_id = c.offer_id AND k.created_at >= c.counts_from AND k.created_at < c.counts_until
  WHERE c.type = 'clicks'
  UNION ALL
  SELECT c.offer_id, c.snapshot_date, c.cap_key, c."ordinal", c.goal_type, c.affiliate_type, c.country_type,
    coalesce(k.goal_value, ''), k.affiliate_id, coalesce(k.country, ''),
    CASE WHEN c.type = 'budget' THEN k.payouts ELSE CAST(1 AS DECIMAL(18, 6)) END
  FROM caps AS c
  JOIN marketing_lakehouse.conversions AS k ON k.offer_id = c.offer_id
    AND (c.counts_from IS NULL OR k.created_at >= c.counts_from)
    AND (c.counts_until IS NULL OR k.created_at < c.counts_until) AND k.hour_is_open IS NULL
  WHERE c.type IN ('conversions', 'budget') AND has_code(c.counted_statuses, k.status)
),
used AS (
  SELECT f.offer_id, f.cap_key, f."ordinal",
    CASE WHEN f.goal_type = 'each' THEN f.goal ELSE '' END AS goal,
    CASE WHEN f.affiliate_type = 'each' THEN f.affiliate_id ELSE 0 END AS affiliate_id,
    CASE WHEN f.country_type = 'each' THEN f.country ELSE '' END AS country,
    sum(f.amount) AS amount
  FROM facts AS f
  LEFT JOIN marketing_lakehouse.offer_cap_goals AS g ON g.offer_id = f.offer_id AND g.snapshot_date = f.snapshot_date
    AND g.cap_key = f.cap_key AND g."ordinal" = f."ordinal" AND g.goal = f.goal
  LEFT JOIN marketing_lakehouse.offer_cap_affiliates AS a ON a.offer_id = f.offer_id
    AND a.snapshot_date = f.snapshot_date AND a.cap_key = f.cap_key AND a."ordinal" = f."ordinal"
    AND a.affiliate_id = f.affiliate_id
  LEFT JOIN marketing_lakehouse.offer_cap_countries AS l ON l.offer_id = f.offer_id
    AND l.snapshot_date = f.snapshot_date AND l.cap_key = f.cap_key AND l."ordinal" = f."ordinal"
    AND l.country = f.country
  WHERE (coalesce(f.goal_type, 'all') <> 'exact' OR g.goal IS NOT NULL OR f.goal = '')
    AND (coalesce(f.affiliate_type, 'all') <> 'exact' OR a.affiliate_id IS NOT NULL)
    AND (coalesce(f.country_type, 'all') <> 'exact' OR l.country IS NOT NULL)
  GROUP BY f.offer_id, f.cap_key, f."ordinal", CASE WHEN f.goal_type = 'each' THEN f.goal ELSE '' END,
    CASE WHEN f.affiliate_type = 'each' THEN f.affiliate_id ELSE 0 END,
    CASE WHEN f.country_type = 'each' THEN f.country ELSE '' END
),
-- A cap that counts one sub's values only is listed, without what is used of it.
measured AS (
  SELECT c.*, coalesce(u.goal, '') AS goal, coalesce(u.affiliate_id, 0) AS affiliate_id,
    coalesce(u.country, '') AS country,
    CASE WHEN c.sub_number IS NULL THEN coalesce(u.amount, 0) END AS amount
  FROM caps AS c
  LEFT JOIN used AS u ON u.offer_id = c.offer_id AND u.cap_key = c.cap_key AND u."ordinal" = c."ordinal"
)
SELECT
  offer_id,
  cap_key,
  "ordinal",
  goal,
  affiliate_id,
  country,
  title AS offer_title,
  period,
  type,
  goal_type,
  affiliate_type,
  country_type,
  counted_statuses,
  utc(counts_from) AS counts_from,
  utc(counts_until) AS counts_until,
  "value" AS cap_value,
  CAST(amount AS DECIMAL(18, 6)) AS used,
  CAST(CASE WHEN amount < "value" THEN "value" - amount WHEN amount >= "value" THEN 0 END AS DECIMAL(18, 6)) AS remaining,
  utc(pulled_at) AS as_of
FROM measured
