-- Works with the scope's country and a partner group, by year. Read for Figure 1 and Figure 2.
-- Unit: works, in full (works) and by the share of their authors at the group's institutions (author_works; null by union).
-- A group asked for that no work touches is there with 0 in the first year.
-- base: a series of international works alone is a share of these; one that has others (a list of institutions at home) of all works
-- counted. The group "*" is these, for the years it has: it is a base and no series.
-- Intervals, shares and the other years without a work are added afterwards (coauth/stages/copublications.py).
WITH groups AS (
  SELECT group_id, 'union' AS basis FROM partner_countries
  UNION
  SELECT group_id, 'institution' FROM partner_countries
  UNION
  SELECT 'international', basis FROM (SELECT 'union' AS basis UNION SELECT 'institution') AS bases
  UNION
  SELECT 'list:' || list_id, 'institution' FROM entries
),
beyond AS (                          -- series with a work that is not international
  SELECT DISTINCT m.group_id, m.basis
  FROM memberships m
  LEFT JOIN (SELECT work_id, basis FROM memberships WHERE group_id = 'international') i ON i.work_id = m.work_id AND i.basis = m.basis
  WHERE i.work_id IS NULL
),
counts AS (
  SELECT year, group_id, basis, CAST(sum(works) AS BIGINT) AS works,
         CASE WHEN basis = 'institution' THEN CAST(sum(share) AS BIGINT) / CAST(1099511627776 AS DOUBLE) END AS author_works
  FROM (
    SELECT year, group_id, basis, 1 AS works,
           CAST(floor(coalesce(author_share, 0) * 1099511627776) AS BIGINT) AS share FROM memberships
    UNION ALL
    SELECT s.first_year, g.group_id, g.basis, 0, 0 FROM groups g CROSS JOIN settings s
  ) AS counted
  GROUP BY year, group_id, basis
)
SELECT c.year, c.group_id, c.basis, c.works, c.author_works, CASE WHEN b.group_id IS NULL THEN 'international' ELSE 'all' END AS base
FROM counts c
LEFT JOIN beyond b ON b.group_id = c.group_id AND b.basis = c.basis
UNION ALL
SELECT year, '*', 'union', CAST(count(*) AS BIGINT), CAST(NULL AS DOUBLE), 'all' FROM works WHERE included GROUP BY year
