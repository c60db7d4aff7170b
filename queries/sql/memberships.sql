-- One row per work × partner group it touches. Read by copublications.sql, which counts them, and by revisions.
-- A work is there once in every group, so groups overlap and do not add up.
-- basis union: countries of matched institutions or read from unmatched strings; institution: the former only.
-- author_share: of its authors at the group's institutions after roll-up, by institution only (nobody's share is known of
-- a string without a match); summed as integers of 2^-40. It is 0 where roll-up left none of the group's institutions.
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
),
abroad AS (
  SELECT a.work_id, w.year, a.institution_id, i.country_code, a.author_share
  FROM affiliations a
  JOIN counted w ON w.work_id = a.work_id
  JOIN institutions i ON i.institution_id = a.institution_id
  LEFT JOIN home_countries h ON h.country_code = i.country_code
  WHERE i.country_code IS NOT NULL AND h.country_code IS NULL
),
held AS (                            -- UNION: an institution once in a group, however many entries it matches there
  SELECT f.work_id, g.group_id, f.institution_id, f.author_share
  FROM abroad f
  JOIN partner_countries g ON g.country_code = f.country_code
   AND f.year >= coalesce(g.valid_from, f.year) AND f.year <= coalesce(g.valid_to, f.year)
  UNION
  SELECT work_id, 'international', institution_id, author_share FROM abroad
  UNION
  SELECT a.work_id, 'list:' || l.list_id, a.institution_id, a.author_share
  FROM affiliations a JOIN listed l ON l.institution_id = a.institution_id
),
shares AS (
  SELECT work_id, group_id, CAST(sum(CAST(floor(author_share * 1099511627776) AS BIGINT)) AS BIGINT) AS share
  FROM held GROUP BY work_id, group_id
)
SELECT g.year, g.group_id, g.basis, g.work_id,
       CASE WHEN g.basis = 'institution' THEN coalesce(s.share, 0) / CAST(1099511627776 AS DOUBLE) END AS author_share
FROM grouped g
LEFT JOIN shares s ON s.work_id = g.work_id AND s.group_id = g.group_id
