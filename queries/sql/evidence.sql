-- One row per review cue × work × what matched: the works an analyst opens. Read by `coauth explain` and for flags.
-- Watchlists: every pair that touches a listed institution. Technologies: every pair with a domestic end.
-- Technology profiles: domestic–foreign pairs whose foreign end has, here, at least profile_share of its works in an
-- EU-10 area, from profile_min_works works on.
WITH member AS (
  SELECT a.work_id, a.institution_id, a.is_domestic, w.year, w.publication_date
  FROM affiliations a
  JOIN works w ON w.work_id = a.work_id
  CROSS JOIN settings s
  WHERE w.included AND w.n_institutions >= 2 AND w.year BETWEEN s.first_year AND s.last_year
),
watched AS (                         -- a listed end x with any other institution y of the work
  SELECT x.year, x.work_id, x.publication_date, x.institution_id AS matched_id, y.institution_id AS other_id,
         l.list_id, l.entry_id, l.match_method
  FROM member x
  JOIN listed l ON l.institution_id = x.institution_id
  JOIN member y ON y.work_id = x.work_id AND y.institution_id <> x.institution_id
),
technology AS (
  SELECT x.year, x.work_id, x.institution_id AS source, y.institution_id AS target,
         t.list_id, t.technology_id, t.basis, t.topic_id, t.phrase
  FROM technologies t
  JOIN member x ON x.work_id = t.work_id
  JOIN member y ON y.work_id = x.work_id AND y.institution_id > x.institution_id
  WHERE x.is_domestic OR y.is_domestic
),
profiled AS (
  SELECT p.institution_id, p.list_id, p.area_id
  FROM profiles p CROSS JOIN settings s
  WHERE p.works >= s.profile_min_works AND p.share >= s.profile_share
)
SELECT w.year, least(w.matched_id, w.other_id) AS source, greatest(w.matched_id, w.other_id) AS target,
       'watchlist' AS kind, w.list_id, w.entry_id, w.work_id, w.match_method, w.matched_id,
       f.string AS matched_string,
       CASE WHEN e.valid_from IS NULL THEN 'unknown'
            WHEN w.publication_date IS NULL THEN 'unknown'
            WHEN extract(month FROM w.publication_date) = 1 AND extract(day FROM w.publication_date) = 1
             AND extract(year FROM w.publication_date) IN (extract(year FROM e.valid_from), extract(year FROM coalesce(e.valid_to, e.valid_from)))
            THEN 'unknown'           -- 1 January often stands for the year only, and the listing began or ended in it
            WHEN w.publication_date >= e.valid_from AND w.publication_date <= coalesce(e.valid_to, w.publication_date) THEN 'yes'
            ELSE 'no' END AS listed_at_publication
FROM watched w
JOIN entries e ON e.list_id = w.list_id AND e.entry_id = w.entry_id
LEFT JOIN first_strings f ON f.work_id = w.work_id AND f.institution_id = w.matched_id
UNION ALL
SELECT year, source, target, 'technology', list_id, technology_id, work_id, basis, topic_id, phrase, 'unknown'
FROM technology
UNION ALL
SELECT x.year, least(x.institution_id, y.institution_id), greatest(x.institution_id, y.institution_id),
       'technology_profile', p.list_id, p.area_id, x.work_id, 'profile', y.institution_id, NULL, 'unknown'
FROM member x
JOIN member y ON y.work_id = x.work_id AND NOT y.is_domestic
JOIN profiled p ON p.institution_id = y.institution_id
WHERE x.is_domestic
