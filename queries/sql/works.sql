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
preprints AS (                       -- by their DOI, whatever OpenAlex calls them
  SELECT DISTINCT h.work_id
  FROM harvested h JOIN preprint_dois p ON p.registrant = split_part(h.doi, '/', 1)
  WHERE regexp_extract(h.doi, p.pattern, 0) = h.doi
),
judged AS (                          -- kind: the version of record is the smallest
  SELECT h.work_id, h.doi, h.year, h.n_authors, h.title_key,
         coalesce(m.n_institutions, 0) AS n_institutions, coalesce(p.n_countries, 0) AS n_countries,
         CASE WHEN h.is_retracted OR r.doi IS NOT NULL THEN 'retracted' WHEN h.is_paratext THEN 'paratext' END AS unfit,
         coalesce(h.type = 'preprint', FALSE) OR q.work_id IS NOT NULL AS is_preprint,
         CASE h.type WHEN 'article' THEN 0 WHEN 'review' THEN 1 WHEN 'conference-paper' THEN 2 WHEN 'book-chapter' THEN 3
                     WHEN 'book' THEN 4 WHEN 'report' THEN 5 WHEN 'dissertation' THEN 6 WHEN 'preprint' THEN 7 ELSE 8 END
           AS kind,
         CAST(substr(h.work_id, 2) AS BIGINT) AS number
  FROM harvested h
  LEFT JOIN members m ON m.work_id = h.work_id
  LEFT JOIN partners p ON p.work_id = h.work_id
  LEFT JOIN retracted r ON r.doi = h.doi
  LEFT JOIN preprints q ON q.work_id = h.work_id
),
by_doi AS (
  SELECT work_id, row_number() OVER (PARTITION BY doi ORDER BY kind, number) AS nth
  FROM judged WHERE unfit IS NULL AND doi IS NOT NULL
),
titled AS (                          -- version: a preprint comes after what is none, then as kind says
  SELECT j.work_id, j.title_key, j.n_authors, j.n_institutions, j.year, j.number, j.is_preprint, j.doi IS NULL AS is_bare,
         CASE WHEN j.is_preprint AND j.kind < 7 THEN 7 ELSE j.kind END AS version
  FROM judged j LEFT JOIN by_doi d ON d.work_id = j.work_id
  WHERE j.unfit IS NULL AND j.title_key IS NOT NULL AND coalesce(d.nth, 1) = 1
),
alike AS (                           -- a preprint may differ in two institutions; two records of a series without DOI have two years
  SELECT x.work_id AS kept_id, y.work_id AS copy_id, x.n_institutions + y.n_institutions AS n_both,
         CASE WHEN x.is_preprint OR y.is_preprint THEN 2 ELSE 0 END AS n_other
  FROM titled x
  JOIN titled y ON y.title_key = x.title_key AND y.n_authors = x.n_authors
  WHERE (x.version < y.version OR x.version = y.version AND x.number < y.number)
    AND (x.is_preprint OR y.is_preprint OR x.is_bare OR y.is_bare)
    AND abs(x.year - y.year) <= CASE WHEN x.is_bare AND y.is_bare AND NOT x.is_preprint AND NOT y.is_preprint THEN 0 ELSE 1 END
    AND abs(x.n_institutions - y.n_institutions) <= 2
),
by_title AS (                        -- at least one institution in common, since the join has a row
  SELECT DISTINCT copy_id AS work_id
  FROM (
    SELECT l.copy_id
    FROM alike l
    JOIN affiliations a ON a.work_id = l.kept_id
    JOIN affiliations b ON b.work_id = l.copy_id AND b.institution_id = a.institution_id
    GROUP BY l.kept_id, l.copy_id, l.n_both, l.n_other
    HAVING l.n_both - 2 * count(*) <= l.n_other
  ) same
),
decided AS (
  SELECT j.work_id, j.n_institutions, j.n_countries, j.is_preprint,
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
       h.is_retracted, d.is_preprint, h.cited_by_count, d.exclusion_reason IS NULL AS included, d.exclusion_reason
FROM harvested h JOIN decided d ON d.work_id = h.work_id
