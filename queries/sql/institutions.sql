-- One row per institution of the graph. Read by exports, flags (technology profiles) and the report.
-- author_works: share of the works' authors who are here; author_works_matched: the same among authors with an
-- institution, so that a work counts 1 over all of them. Summed as integers of 2^-40.
-- eu1 … eu10: share of its included works here that count for an area of the EU-10; null where it has none included.
WITH member AS (
  SELECT a.work_id, a.institution_id, CAST(floor(a.author_share * 1099511627776) AS BIGINT) AS authors
  FROM affiliations a JOIN works w ON w.work_id = a.work_id
  WHERE w.included
),
matched AS (
  SELECT institution_id, authors,
         CAST(floor(authors / CAST(sum(authors) OVER (PARTITION BY work_id) AS DOUBLE) * 1099511627776 + 0.5) AS BIGINT) AS share
  FROM member
),
counted AS (
  SELECT institution_id, count(*) AS works, CAST(sum(authors) AS BIGINT) AS authors, CAST(sum(share) AS BIGINT) AS shares
  FROM matched GROUP BY institution_id
),
area_works AS (                      -- a work counts once for an area, however many of its technologies it touches
  SELECT DISTINCT a.institution_id, a.work_id, t.area_id
  FROM affiliations a
  JOIN works w ON w.work_id = a.work_id AND w.included
  JOIN technologies x ON x.work_id = a.work_id
  JOIN technology_areas t ON t.list_id = x.list_id AND t.technology_id = x.technology_id
),
areas AS (
  SELECT institution_id,
         sum(CASE WHEN area_id = 'EU1' THEN 1 ELSE 0 END) AS eu1,
         sum(CASE WHEN area_id = 'EU2' THEN 1 ELSE 0 END) AS eu2,
         sum(CASE WHEN area_id = 'EU3' THEN 1 ELSE 0 END) AS eu3,
         sum(CASE WHEN area_id = 'EU4' THEN 1 ELSE 0 END) AS eu4,
         sum(CASE WHEN area_id = 'EU5' THEN 1 ELSE 0 END) AS eu5,
         sum(CASE WHEN area_id = 'EU6' THEN 1 ELSE 0 END) AS eu6,
         sum(CASE WHEN area_id = 'EU7' THEN 1 ELSE 0 END) AS eu7,
         sum(CASE WHEN area_id = 'EU8' THEN 1 ELSE 0 END) AS eu8,
         sum(CASE WHEN area_id = 'EU9' THEN 1 ELSE 0 END) AS eu9,
         sum(CASE WHEN area_id = 'EU10' THEN 1 ELSE 0 END) AS eu10
  FROM area_works GROUP BY institution_id
)
SELECT n.institution_id, n.ror, n.name, n.country_code, n.type, h.country_code IS NOT NULL AS is_domestic,
       n.lineage, n.rolled_up_from, coalesce(c.works, 0) AS works,
       coalesce(c.authors, 0) / CAST(1099511627776 AS DOUBLE) AS author_works,
       coalesce(c.shares, 0) / CAST(1099511627776 AS DOUBLE) AS author_works_matched,
       coalesce(a.eu1, 0) / CAST(c.works AS DOUBLE) AS eu1,
       coalesce(a.eu2, 0) / CAST(c.works AS DOUBLE) AS eu2,
       coalesce(a.eu3, 0) / CAST(c.works AS DOUBLE) AS eu3,
       coalesce(a.eu4, 0) / CAST(c.works AS DOUBLE) AS eu4,
       coalesce(a.eu5, 0) / CAST(c.works AS DOUBLE) AS eu5,
       coalesce(a.eu6, 0) / CAST(c.works AS DOUBLE) AS eu6,
       coalesce(a.eu7, 0) / CAST(c.works AS DOUBLE) AS eu7,
       coalesce(a.eu8, 0) / CAST(c.works AS DOUBLE) AS eu8,
       coalesce(a.eu9, 0) / CAST(c.works AS DOUBLE) AS eu9,
       coalesce(a.eu10, 0) / CAST(c.works AS DOUBLE) AS eu10
FROM nodes n
LEFT JOIN home_countries h ON h.country_code = n.country_code
LEFT JOIN counted c ON c.institution_id = n.institution_id
LEFT JOIN areas a ON a.institution_id = n.institution_id
