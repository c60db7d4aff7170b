-- One row per year × cue × field: works between domestic and foreign institutions, and what they bring. Read by `coauth.stages.benefits.shares`
-- and the report. A work with cues of several lists counts in each; "none" are works without a cue of these two
-- kinds; a partner's technology profile is no cue of a work.
WITH member AS (
  SELECT a.work_id, max(CASE WHEN a.is_domestic THEN 1 ELSE 0 END) AS home, min(CASE WHEN a.is_domestic THEN 1 ELSE 0 END) AS all_home
  FROM affiliations a
  GROUP BY a.work_id
),
crossing AS (                        -- counted works that make a domestic–foreign edge
  SELECT w.work_id, w.year, w.field_id, w.is_top_10_percent, w.has_company
  FROM works w
  JOIN member m ON m.work_id = w.work_id
  CROSS JOIN settings s
  WHERE w.included AND w.n_institutions >= 2 AND w.year BETWEEN s.first_year AND s.last_year AND m.home = 1 AND m.all_home = 0
),
cue AS (
  SELECT DISTINCT e.work_id, e.kind || ':' || e.list_id AS cue
  FROM evidence e
  JOIN institutions s ON s.institution_id = e.source
  JOIN institutions t ON t.institution_id = e.target
  WHERE s.is_domestic <> t.is_domestic AND e.kind IN ('watchlist', 'technology')
)
SELECT c.year, coalesce(q.cue, 'none') AS cue, c.field_id,
       count(*) AS works,
       count(c.is_top_10_percent) AS works_ranked,
       CAST(sum(CASE WHEN c.is_top_10_percent THEN 1 ELSE 0 END) AS BIGINT) AS works_top_10,
       CAST(sum(CASE WHEN c.has_company THEN 1 ELSE 0 END) AS BIGINT) AS works_company
FROM crossing c
LEFT JOIN cue q ON q.work_id = c.work_id
GROUP BY c.year, coalesce(q.cue, 'none'), c.field_id
