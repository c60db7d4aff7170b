-- One row per institution × list entry it is on: by OpenAlex id, by ROR, or as a descendant of a listed one.
-- Never by name. known_as holds the node's own id and those rolled up into it. The strictest method is kept.
-- Read by evidence.sql, memberships.sql and exports.
WITH hit AS (
  SELECT k.institution_id, e.list_id, e.entry_id, 1 AS strictness
  FROM known_as k JOIN entries e ON e.institution_id = k.known_id
  UNION ALL
  SELECT i.institution_id, e.list_id, e.entry_id, 2
  FROM institutions i JOIN entries e ON e.ror = i.ror
  UNION ALL
  SELECT i.institution_id, g.list_id, g.entry_id, 2
  FROM institutions i JOIN withdrawn_rors g ON g.ror = i.ror      -- records ROR withdrew in the entry's favour
  UNION ALL
  SELECT l.institution_id, e.list_id, e.entry_id, 3
  FROM lineages l
  JOIN institutions i ON i.institution_id = l.institution_id
  JOIN entries e ON e.institution_id = l.ancestor_id AND e.by_lineage
  LEFT JOIN unlisted_descendants u ON u.list_id = e.list_id AND u.ror = i.ror
  WHERE u.ror IS NULL
)
SELECT h.institution_id, h.list_id, h.entry_id,
       CASE min(h.strictness) WHEN 1 THEN 'id' WHEN 2 THEN 'ror' ELSE 'lineage' END AS match_method,
       e.kind AS standing, e.listed_today
FROM hit h
JOIN entries e ON e.list_id = h.list_id AND e.entry_id = h.entry_id
GROUP BY h.institution_id, h.list_id, h.entry_id, e.kind, e.listed_today
