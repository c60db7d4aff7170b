-- One row per year × counting: how much of all weight works of more than K institutions carry. Read beside the network.
-- Unit: works. What a work of k institutions adds to all its pairs together: k(k-1)/2 (full), k/2 (newman), 1 (strict and
-- author). Twice that is a whole number, and is summed.
WITH work AS (
  SELECT w.year, CAST(w.n_institutions AS BIGINT) AS k,
         CASE WHEN w.n_institutions > s.max_institutions THEN 1 ELSE 0 END AS large
  FROM works w CROSS JOIN settings s
  WHERE w.included AND w.n_institutions >= 2 AND w.year BETWEEN s.first_year AND s.last_year
),
doubled AS (
  SELECT year, large, 'full' AS counting, k * (k - 1) AS twice FROM work
  UNION ALL
  SELECT year, large, 'newman', k FROM work
  UNION ALL
  SELECT year, large, 'strict', 2 FROM work
  UNION ALL
  SELECT year, large, 'author', 2 FROM work
)
SELECT year, counting,
       count(*) AS works,
       CAST(sum(large) AS BIGINT) AS works_above_k,
       CAST(sum(twice) AS BIGINT) / CAST(2 AS DOUBLE) AS weight,
       CAST(sum(twice * large) AS BIGINT) / CAST(2 AS DOUBLE) AS weight_above_k,
       CAST(sum(twice * large) AS BIGINT) / CAST(sum(twice) AS DOUBLE) AS share_above_k
FROM doubled
GROUP BY year, counting
