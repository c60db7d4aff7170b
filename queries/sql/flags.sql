-- One row per year × pair × list entry: a review cue and how many works are behind it. Read by exports and the report.
-- works_listed: of these, published while the entry was listed; null where the list's dates are unknown.
WITH work_cue AS (
  SELECT year, source, target, kind, list_id, entry_id, work_id,
         max(CASE WHEN listed_at_publication = 'yes' THEN 1 ELSE 0 END) AS was_listed,
         max(CASE WHEN listed_at_publication = 'unknown' THEN 1 ELSE 0 END) AS unknown
  FROM evidence
  GROUP BY year, source, target, kind, list_id, entry_id, work_id
)
SELECT c.year, c.source, c.target,
       max(CASE WHEN s.is_domestic <> t.is_domestic THEN 1 ELSE 0 END) = 1 AS domestic_pair,
       c.kind, c.list_id, c.entry_id,
       count(*) AS works,
       CASE WHEN max(c.unknown) = 1 THEN NULL ELSE CAST(sum(c.was_listed) AS BIGINT) END AS works_listed,
       CAST(sum(CAST(floor(1099511627776 / nullif(w.n_institutions - 1, 0)) AS BIGINT)) AS BIGINT) / CAST(1099511627776 AS DOUBLE) AS weight
FROM work_cue c
JOIN works w ON w.work_id = c.work_id
JOIN institutions s ON s.institution_id = c.source
JOIN institutions t ON t.institution_id = c.target
GROUP BY c.year, c.source, c.target, c.kind, c.list_id, c.entry_id
