-- One row per year × pair of institutions. Read by graph, exports and the report.
-- Unit: works. A work of k institutions gives each of its pairs 1 (works), 1/(k-1) (weight, Newman) and 2/(k(k-1))
-- (strict). Fractions are summed as integers of 2^-40, so that the result does not depend on threads or engine.
-- *_k: the same over works of at most K institutions (queries/scope.toml).
WITH member AS (
  SELECT a.work_id, a.institution_id, w.year, w.n_institutions AS k,
         CASE WHEN w.n_institutions <= s.max_institutions THEN 1 ELSE 0 END AS small
  FROM affiliations a
  JOIN works w ON w.work_id = a.work_id
  CROSS JOIN settings s
  WHERE w.included AND w.n_institutions >= 2 AND w.year BETWEEN s.first_year AND s.last_year
),
pair AS (
  SELECT x.year, x.institution_id AS source, y.institution_id AS target, x.small,
         CAST(floor(1099511627776 / (x.k - 1)) AS BIGINT) AS newman,
         CAST(floor(2199023255552 / (x.k * (x.k - 1))) AS BIGINT) AS strict
  FROM member x JOIN member y ON y.work_id = x.work_id AND y.institution_id > x.institution_id
)
SELECT year, source, target,
       count(*) AS works,
       CAST(sum(newman) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS weight,
       CAST(sum(strict) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS strict_weight,
       CAST(sum(small) AS BIGINT) AS works_k,
       CAST(sum(newman * small) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS weight_k,
       CAST(sum(strict * small) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS strict_weight_k
FROM pair
GROUP BY year, source, target
