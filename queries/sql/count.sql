-- One row per cell × year of any question: how many works it has. Read by `coauth count`; `coauth count … --sql` prints it with the question.
-- The question comes as four tables: axes (axis 1 to 3, dimension), wanted (clause, dimension, value: a work has to meet every
-- clause, by any of its values), shown (axis, value: the only cells of an axis; none: all) and weights (work_id, weight: what
-- a complete work stands for, of 2^-20; empty where no change is asked for).
-- Units: works; split: each work divided evenly among its cells, of 2^-30; split_squares: the squares of its parts, of 2^-30;
-- covered: Σ over the works of the share of complete works of their year and publisher, of 2^-30.
WITH needed AS (
  SELECT dimension FROM axes UNION SELECT dimension FROM wanted
),
counted AS (
  SELECT * FROM works WHERE included
),
tag AS (                             -- what can be said of a work; a dimension that is not needed is not read
  SELECT work_id, dimension, institution_id AS value FROM affiliations JOIN needed ON dimension = 'institution'
  UNION ALL
  SELECT work_id, dimension, institution_id FROM affiliations JOIN needed ON dimension = 'home' WHERE is_domestic
  UNION ALL
  SELECT work_id, dimension, institution_id FROM affiliations JOIN needed ON dimension = 'abroad' WHERE NOT is_domestic
  UNION ALL
  SELECT DISTINCT work_id, dimension, country_code FROM countries JOIN needed ON dimension = 'country'
  WHERE country_code NOT IN (SELECT country_code FROM home_countries)
  UNION ALL
  SELECT work_id, dimension, group_id FROM memberships JOIN needed ON dimension = 'group' WHERE basis = 'union'
  UNION ALL
  SELECT work_id, dimension, substr(group_id, 6) FROM memberships JOIN needed ON dimension = 'list'
  WHERE basis = 'institution' AND starts_with(group_id, 'list:')
  UNION ALL
  SELECT DISTINCT work_id, dimension, list_id || '/' || entry_id
  FROM affiliations JOIN listed USING (institution_id) JOIN needed ON dimension = 'entry'
  UNION ALL
  SELECT DISTINCT work_id, dimension, technology_id FROM technologies JOIN needed ON dimension = 'technology'
  UNION ALL
  SELECT DISTINCT work_id, dimension, area_id
  FROM technologies JOIN technology_areas USING (list_id, technology_id) JOIN needed ON dimension = 'area'
  UNION ALL
  SELECT work_id, dimension, coalesce(field_id, 'none') FROM counted JOIN needed ON dimension = 'field'
  UNION ALL
  SELECT work_id, dimension, coalesce(type, 'none') FROM counted JOIN needed ON dimension = 'type'
  UNION ALL
  SELECT work_id, dimension, coalesce(publisher, 'none') FROM counted JOIN needed ON dimension = 'publisher'
  UNION ALL
  SELECT work_id, dimension, CASE WHEN is_preprint THEN 'preprint' ELSE 'published' END
  FROM counted JOIN needed ON dimension = 'status'
  UNION ALL
  SELECT work_id, dimension,
         CASE WHEN n_institutions <= 2 THEN CAST(n_institutions AS VARCHAR) WHEN n_institutions <= 5 THEN '3-5'
              WHEN n_institutions <= 10 THEN '6-10' WHEN n_institutions <= 50 THEN '11-50' ELSE '51+' END
  FROM counted JOIN needed ON dimension = 'size'
  UNION ALL
  SELECT work_id, dimension, work_id FROM counted JOIN needed ON dimension = 'work'
),
kept AS (                            -- works that meet every clause
  SELECT work_id, year, publisher, affiliation_status FROM counted
  WHERE NOT EXISTS (SELECT 1 FROM wanted)
     OR work_id IN (
       SELECT t.work_id FROM tag t JOIN wanted w ON w.dimension = t.dimension AND w.value = t.value
       GROUP BY t.work_id HAVING count(DISTINCT w.clause) = (SELECT count(DISTINCT clause) FROM wanted)
     )
),
placed AS (                          -- the cells of each work along each axis
  SELECT a.axis, t.work_id, t.value
  FROM tag t
  JOIN axes a ON a.dimension = t.dimension
  WHERE NOT EXISTS (SELECT 1 FROM shown s WHERE s.axis = a.axis)
     OR t.value IN (SELECT value FROM shown s WHERE s.axis = a.axis)
),
cell AS (
  SELECT k.*, x.value AS a, y.value AS b, z.value AS c
  FROM kept k
  LEFT JOIN (SELECT * FROM placed WHERE axis = 1) x ON x.work_id = k.work_id
  LEFT JOIN (SELECT * FROM placed WHERE axis = 2) y ON y.work_id = k.work_id
  LEFT JOIN (SELECT * FROM placed WHERE axis = 3) z ON z.work_id = k.work_id
  WHERE (x.value IS NOT NULL OR NOT EXISTS (SELECT 1 FROM axes WHERE axis = 1))
    AND (y.value IS NOT NULL OR NOT EXISTS (SELECT 1 FROM axes WHERE axis = 2))
    AND (z.value IS NOT NULL OR NOT EXISTS (SELECT 1 FROM axes WHERE axis = 3))
),
cells AS (
  SELECT work_id, count(*) AS n FROM cell GROUP BY work_id
),
rate AS (
  SELECT year, coalesce(publisher, '') AS publisher,
         CAST(floor(1073741824 * sum(works_complete) / sum(works)) AS BIGINT) AS complete
  FROM coverage GROUP BY year, coalesce(publisher, '')
)
SELECT c.a, c.b, c.c, c.year,
       count(*) AS works,
       count(*) FILTER (WHERE c.affiliation_status = 'complete') AS works_complete,
       CAST(sum(r.complete) AS BIGINT) AS covered,
       CAST(sum(1073741824 // n.n) AS BIGINT) AS split,
       CAST(sum(1073741824 // (n.n * n.n)) AS BIGINT) AS split_squares,
       CAST(sum(w.weight) AS BIGINT) AS weight,
       CAST(sum(w.weight * w.weight // 1048576) AS BIGINT) AS weight_squares
FROM cell c
JOIN cells n ON n.work_id = c.work_id
JOIN rate r ON r.year = c.year AND r.publisher = coalesce(c.publisher, '')
LEFT JOIN weights w ON w.work_id = c.work_id
GROUP BY c.a, c.b, c.c, c.year
ORDER BY c.a, c.b, c.c, c.year
