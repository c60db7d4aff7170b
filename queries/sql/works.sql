-- One row per harvested work: how many institutions and countries it has, and whether and why not it counts.
-- Unit: works. Read by every later stage; the counts by exclusion_reason by the report.
WITH members AS (
  SELECT work_id, CAST(count(*) AS BIGINT) AS n_institutions FROM affiliations GROUP BY work_id
),
partners AS (                        -- a country of both an institution and a string is one
  SELECT work_id, CAST(count(DISTINCT country_code) AS BIGINT) AS n_countries FROM countries GROUP BY work_id
),
retracted AS (
  SELECT DISTINCT doi FROM harvested WHERE is_retracted AND doi IS NOT NULL
),
judged AS (                          -- version: the version of record is the smallest
  SELECT h.work_id, h.doi, h.year, h.type, h.n_authors, h.title_key,
         coalesce(m.n_institutions, 0) AS n_institutions, coalesce(p.n_countries, 0) AS n_countries,
         CASE WHEN h.is_retracted OR r.doi IS NOT NULL THEN 'retracted' WHEN h.is_paratext THEN 'paratext' END AS unfit,
         CASE h.type WHEN 'article' THEN 0 WHEN 'review' THEN 1 WHEN 'conference-paper' THEN 2 WHEN 'book-chapter' THEN 3
                     WHEN 'book' THEN 4 WHEN 'report' THEN 5 WHEN 'dissertation' THEN 6 WHEN 'preprint' THEN 7 ELSE 8 END
           AS version,
         CAST(substr(h.work_id, 2) AS BIGINT) AS number
  FROM harvested h
  LEFT JOIN members m ON m.work_id = h.work_id
  LEFT JOIN partners p ON p.work_id = h.work_id
  LEFT JOIN retracted r ON r.doi = h.doi
),
by_doi AS (
  SELECT work_id, row_number() OVER (PARTITION BY doi ORDER BY version, number) AS nth
  FROM judged WHERE unfit IS NULL AND doi IS NOT NULL
),
titled AS (                          -- one of two may be a version of the other if it is a preprint or has no DOI
  SELECT j.work_id, j.title_key, j.n_authors, j.n_institutions, j.year, j.version, j.number,
         j.type = 'preprint' OR j.doi IS NULL AS is_weak
  FROM judged j LEFT JOIN by_doi d ON d.work_id = j.work_id
  WHERE j.unfit IS NULL AND j.title_key IS NOT NULL AND coalesce(d.nth, 1) = 1
),
alike AS (
  SELECT x.work_id AS kept_id, y.work_id AS copy_id, y.n_institutions
  FROM titled x
  JOIN titled y ON y.title_key = x.title_key AND y.n_authors = x.n_authors AND y.n_institutions = x.n_institutions
  WHERE (x.version < y.version OR x.version = y.version AND x.number < y.number)
    AND abs(x.year - y.year) <= 1 AND (x.is_weak OR y.is_weak)
),
by_title AS (                        -- as many institutions in common as either has: the same institutions
  SELECT DISTINCT copy_id AS work_id
  FROM (
    SELECT l.copy_id
    FROM alike l
    JOIN affiliations a ON a.work_id = l.kept_id
    JOIN affiliations b ON b.work_id = l.copy_id AND b.institution_id = a.institution_id
    GROUP BY l.kept_id, l.copy_id, l.n_institutions
    HAVING count(*) = l.n_institutions
  ) same
),
decided AS (
  SELECT j.work_id, j.n_institutions, j.n_countries,
         CASE WHEN j.unfit IS NOT NULL THEN j.unfit
              WHEN s.count_duplicates THEN NULL
              WHEN d.nth > 1 THEN 'duplicate: same DOI'
              WHEN t.work_id IS NOT NULL THEN 'duplicate: same title' END AS exclusion_reason
  FROM judged j
  CROSS JOIN settings s
  LEFT JOIN by_doi d ON d.work_id = j.work_id
  LEFT JOIN by_title t ON t.work_id = j.work_id
)
SELECT h.work_id, h.doi, h.title, h.year, h.publication_date, h.type, h.language, h.publisher, h.field_id,
       h.primary_topic_id, h.topic_score, h.n_authors, h.n_authors_with_institution, h.n_authors_with_string,
       h.authors_cut, d.n_institutions, d.n_countries, h.affiliation_status, h.is_top_10_percent, h.has_company,
       h.is_retracted, h.cited_by_count, d.exclusion_reason IS NULL AS included, d.exclusion_reason
FROM harvested h JOIN decided d ON d.work_id = h.work_id
