-- One row per work × partner group it touches. Read by copublications.sql, which counts them, and by revisions.
-- A work is there once in every group, so groups overlap and do not add up.
-- basis union: countries of matched institutions or read from unmatched strings; institution: the former only.
WITH counted AS (
  SELECT work_id, year FROM works WHERE included
),
partner AS (
  SELECT c.work_id, c.country_code, b.basis
  FROM countries c
  CROSS JOIN (SELECT 'union' AS basis UNION ALL SELECT 'institution') b
  LEFT JOIN home_countries h ON h.country_code = c.country_code
  WHERE h.country_code IS NULL AND (b.basis = 'union' OR c.basis = 'institution')
),
grouped AS (
  SELECT DISTINCT w.year, p.basis, g.group_id, w.work_id
  FROM partner p
  JOIN counted w ON w.work_id = p.work_id
  JOIN partner_countries g ON g.country_code = p.country_code
   AND w.year >= coalesce(g.valid_from, w.year) AND w.year <= coalesce(g.valid_to, w.year)
  UNION
  SELECT DISTINCT w.year, p.basis, 'international', w.work_id
  FROM partner p JOIN counted w ON w.work_id = p.work_id
  UNION
  SELECT DISTINCT w.year, 'institution', 'list:' || l.list_id, w.work_id
  FROM affiliations a
  JOIN counted w ON w.work_id = a.work_id
  JOIN listed l ON l.institution_id = a.institution_id
)
SELECT year, group_id, basis, work_id FROM grouped

