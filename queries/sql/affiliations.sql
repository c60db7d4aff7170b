-- One row per work × institution after roll-up. Read by every later stage.
-- Unit of author_share: share of the work's authors. An author's share 1/n is split evenly over the institutions left
-- on the authorship; summed as integers of 2^-40 so that the result does not depend on threads.
WITH placed AS (                     -- institutions of an authorship, merged ones under their successor
  SELECT DISTINCT a.work_id, a.place, u.unified_id AS institution_id
  FROM authorships a JOIN unified u ON u.institution_id = a.institution_id
),
above AS (                           -- ancestors of an institution on the same authorship
  SELECT DISTINCT p.work_id, p.place, l.ancestor_id
  FROM placed p JOIN ancestors l ON l.institution_id = p.institution_id
),
kept AS (
  SELECT p.work_id, p.place, p.institution_id
  FROM placed p LEFT JOIN above b
    ON b.work_id = p.work_id AND b.place = p.place AND b.ancestor_id = p.institution_id
  WHERE b.work_id IS NULL
),
split AS (
  SELECT k.work_id, k.place, k.institution_id, h.n_authors,
         count(*) OVER (PARTITION BY k.work_id, k.place) AS institutions
  FROM kept k JOIN harvested h ON h.work_id = k.work_id
),
shares AS (
  SELECT work_id, institution_id,
         CAST(sum(CAST(floor(1099511627776 / (n_authors * institutions)) AS BIGINT)) AS BIGINT) AS share
  FROM split GROUP BY work_id, institution_id
),
origins AS (
  SELECT a.work_id, u.unified_id AS institution_id, array_sort(array_agg(DISTINCT a.institution_id)) AS harvested_ids
  FROM authorships a JOIN unified u ON u.institution_id = a.institution_id
  GROUP BY a.work_id, u.unified_id
),
words AS (
  SELECT s.work_id, u.unified_id AS institution_id, array_sort(array_agg(DISTINCT s.string)) AS strings
  FROM strings s JOIN unified u ON u.institution_id = s.institution_id
  GROUP BY s.work_id, u.unified_id
)
SELECT s.work_id, s.institution_id, o.harvested_ids,
       s.share / CAST(1099511627776 AS DOUBLE) AS author_share,
       c.country_code IS NOT NULL AS is_domestic,
       w.strings
FROM shares s
JOIN origins o ON o.work_id = s.work_id AND o.institution_id = s.institution_id
JOIN nodes n ON n.institution_id = s.institution_id
LEFT JOIN home_countries c ON c.country_code = n.country_code
LEFT JOIN words w ON w.work_id = s.work_id AND w.institution_id = s.institution_id
