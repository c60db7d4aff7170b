-- One row per cell × year of any question: how many works it has. Read by `coauth count`; `coauth count … --sql` prints it with the question.
-- The question comes as tables: axes (axis 1 or 2, dimension), wanted (clause, dimension, value: a work has to meet every clause,
-- by any of its values), shown (axis, value: the only cells of an axis; none: all) and parts ('work': each work is a row of its
-- own, else none).
-- Units: works; covered: Σ over the works of the share of complete works of their year and publisher, of 2^-30.
WITH needed AS (
  SELECT dimension FROM axes UNION SELECT dimension FROM wanted
),
counted AS (
  SELECT work_id, year, type, field_id, publisher, is_preprint, n_institutions, affiliation_status FROM works WHERE included
),
tag AS (                             -- what can be said of a work, some of it twice; a dimension that is not needed is not read
  SELECT work_id, dimension, institution_id AS value FROM affiliations JOIN needed ON dimension = 'institution'
  UNION ALL
  SELECT work_id, dimension, institution_id FROM affiliations JOIN needed ON dimension = 'home' WHERE is_domestic
  UNION ALL
  SELECT work_id, dimension, institution_id FROM affiliations JOIN needed ON dimension = 'abroad' WHERE NOT is_domestic
  UNION ALL
  SELECT work_id, dimension, country_code FROM countries JOIN needed ON dimension = 'country'
  WHERE country_code NOT IN (SELECT country_code FROM home_countries)
  UNION ALL
  SELECT work_id, dimension, group_id FROM memberships JOIN needed ON dimension = 'group' WHERE basis = 'union'
  UNION ALL
  SELECT work_id, dimension, group_id FROM memberships JOIN needed ON dimension = 'matched' WHERE basis = 'institution'
  UNION ALL
  SELECT work_id, dimension, substr(group_id, 6) FROM memberships JOIN needed ON dimension = 'list'
  WHERE basis = 'institution' AND starts_with(group_id, 'list:')
  UNION ALL
  SELECT work_id, dimension, list_id || '/' || entry_id
  FROM affiliations JOIN listed USING (institution_id) JOIN needed ON dimension = 'entry'
  UNION ALL
  SELECT work_id, dimension, technology_id FROM technologies JOIN needed ON dimension = 'technology'
  UNION ALL
  SELECT work_id, dimension, area_id
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
),
kept AS (                            -- works that meet every clause
  SELECT work_id, year, publisher, affiliation_status FROM counted
  WHERE NOT EXISTS (SELECT 1 FROM wanted)
     OR work_id IN (
       SELECT t.work_id FROM tag t JOIN wanted w ON w.dimension = t.dimension AND w.value = t.value
       GROUP BY t.work_id HAVING count(DISTINCT w.clause) = (SELECT count(DISTINCT clause) FROM wanted)
     )
),
along AS (
  SELECT a.axis, t.work_id, t.dimension, t.value
  FROM tag t
  JOIN axes a ON a.dimension = t.dimension
  WHERE NOT EXISTS (SELECT 1 FROM shown s WHERE s.axis = a.axis)
     OR t.value IN (SELECT value FROM shown s WHERE s.axis = a.axis)
),
placed AS (                          -- the cells of each work along each axis, each once
  SELECT axis, work_id, value FROM along WHERE dimension NOT IN ('country', 'entry', 'technology', 'area')
  UNION ALL
  SELECT DISTINCT axis, work_id, value FROM along WHERE dimension IN ('country', 'entry', 'technology', 'area')
),
cell AS (
  SELECT k.work_id, k.year, coalesce(k.publisher, '') AS publisher, k.affiliation_status = 'complete' AS complete,
         x.value AS a, y.value AS b, CASE WHEN p.part IS NOT NULL THEN k.work_id END AS c
  FROM kept k
  LEFT JOIN (SELECT * FROM placed WHERE axis = 1) x ON x.work_id = k.work_id
  LEFT JOIN (SELECT * FROM placed WHERE axis = 2) y ON y.work_id = k.work_id
  LEFT JOIN parts p ON p.part = 'work'
  WHERE (x.value IS NOT NULL OR NOT EXISTS (SELECT 1 FROM axes WHERE axis = 1))
    AND (y.value IS NOT NULL OR NOT EXISTS (SELECT 1 FROM axes WHERE axis = 2))
),
rate AS (
  SELECT year, coalesce(publisher, '') AS publisher,
         CAST(floor(1073741824 * sum(works_complete) / sum(works)) AS BIGINT) AS complete
  FROM coverage GROUP BY year, coalesce(publisher, '')
)
SELECT c.a, c.b, c.c, c.year,
       count(*) AS works,
       count(*) FILTER (WHERE c.complete) AS works_complete,
       CAST(sum(r.complete) AS BIGINT) AS covered
FROM cell c
JOIN rate r ON r.year = c.year AND r.publisher = c.publisher
GROUP BY c.a, c.b, c.c, c.year
ORDER BY c.a, c.b, c.c, c.year
