-- One row per year × pair of institutions. Read by graph, exports and the report.
-- Unit: works. A work of k institutions, of which i holds the share f_i of the authors (Σ f = 1), gives its pair {i, j}
--   works 1 (full) · weight 1/(k-1) (Newman) · strict_weight 2/(k(k-1)) · author_weight 2 f_i f_j / (1 - Σ f²).
-- *_k: the same over works of at most K institutions (queries/scope.toml).
-- Fractions are summed as integers of 2^-40, and 1 - Σ f² = Σ f(1-f) as integers of 2^-60, so that no sum depends on
-- threads or engine. What a work gives is worked out per member: the join below has 25 times as many rows.
WITH member AS (
  SELECT a.work_id, a.institution_id, w.year, w.n_institutions AS k,
         CASE WHEN w.n_institutions <= s.max_institutions THEN 1 ELSE 0 END AS small,
         CAST(floor(a.author_share * 1099511627776) AS BIGINT) AS authors
  FROM affiliations a
  JOIN works w ON w.work_id = a.work_id
  CROSS JOIN settings s
  WHERE w.included AND w.n_institutions >= 2 AND w.year BETWEEN s.first_year AND s.last_year
),
share AS (
  SELECT work_id, institution_id, year, k, small,
         authors / CAST(sum(authors) OVER (PARTITION BY work_id) AS DOUBLE) AS f
  FROM member
),
part AS (
  SELECT work_id, institution_id, year, small, f,
         CAST(floor(1099511627776 / (k - 1)) AS BIGINT) AS newman,
         CAST(floor(2199023255552 / (k * (k - 1))) AS BIGINT) AS strict,
         2199023255552 * (1152921504606846976 / CAST(
           sum(CAST(floor(f * (1 - f) * 1152921504606846976) AS BIGINT)) OVER (PARTITION BY work_id) AS DOUBLE)) AS author
  FROM share
),
pair AS (                            -- rounded, not cut: a work of two gives its pair exactly 1
  SELECT x.year, x.institution_id AS source, y.institution_id AS target, x.small, x.newman, x.strict,
         CAST(floor(x.author * (x.f * y.f) + 0.5) AS BIGINT) AS author
  FROM part x JOIN part y ON y.work_id = x.work_id AND y.institution_id > x.institution_id
)
SELECT year, source, target,
       count(*) AS works,
       CAST(sum(newman) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS weight,
       CAST(sum(strict) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS strict_weight,
       CAST(sum(author) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS author_weight,
       CAST(sum(small) AS BIGINT) AS works_k,
       CAST(sum(CASE WHEN small = 1 THEN newman ELSE 0 END) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS weight_k,
       CAST(sum(CASE WHEN small = 1 THEN strict ELSE 0 END) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS strict_weight_k,
       CAST(sum(CASE WHEN small = 1 THEN author ELSE 0 END) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS author_weight_k
FROM pair
GROUP BY year, source, target
