-- One row per work × institution after roll-up. Read by every later stage.
-- Unit of author_share: share of the work's authors. An author's share 1/n is split evenly over the institutions left
-- on the authorship, then by the rules of queries/institutions.toml. Shares are integers of 2^-40, and a share x is cut
-- into parts as floor(x * end) - floor(x * start), so that the parts sum to x exactly, in any order and on any engine.
WITH dropped AS (                    -- an ancestor beside its descendant on the same authorship
  SELECT a.work_id, a.place, b.institution_id
  FROM authorships a
  JOIN ancestors l ON l.institution_id = a.institution_id
  JOIN authorships b ON b.work_id = a.work_id AND b.place = a.place AND b.institution_id = l.ancestor_id
),
placed AS (                          -- institutions of an authorship: merged ones as successors, components as wholes
  SELECT DISTINCT a.work_id, a.place, u.unified_id
  FROM authorships a
  JOIN unified u ON u.institution_id = a.institution_id
  LEFT JOIN dropped d ON d.work_id = a.work_id AND d.place = a.place AND d.institution_id = a.institution_id
  WHERE d.work_id IS NULL
),
ranked AS (
  SELECT p.work_id, p.unified_id, CAST(floor(1099511627776 / h.n_authors) AS BIGINT) AS share,
         row_number() OVER (PARTITION BY p.work_id, p.place ORDER BY p.unified_id) AS nth,
         count(*) OVER (PARTITION BY p.work_id, p.place) AS institutions
  FROM placed p JOIN harvested h ON h.work_id = p.work_id
),
held AS (
  SELECT work_id, unified_id,
         CAST(sum(CAST(floor(share * nth / institutions) AS BIGINT)
                  - CAST(floor(share * (nth - 1) / institutions) AS BIGINT)) AS BIGINT) AS share
  FROM ranked GROUP BY work_id, unified_id
),
owned AS (                           -- joint institutions divided among their owners by weight
  SELECT h.work_id, h.unified_id, coalesce(d.owner_id, h.unified_id) AS institution_id,
         CASE WHEN d.owner_id IS NULL THEN h.share
              ELSE CAST(floor(h.share * d.high) AS BIGINT) - CAST(floor(h.share * d.low) AS BIGINT) END AS share
  FROM held h LEFT JOIN divided d ON d.institution_id = h.unified_id
),
beside AS (                          -- associated institutions on works that a university of theirs is on
  SELECT DISTINCT o.work_id, o.institution_id, s.university_id
  FROM owned o JOIN associated s ON s.institution_id = o.institution_id
  WHERE EXISTS (SELECT 1 FROM owned u WHERE u.work_id = o.work_id AND u.institution_id = s.university_id)
),
joined AS (
  SELECT work_id, institution_id, university_id,
         row_number() OVER (PARTITION BY work_id, institution_id ORDER BY university_id) AS nth,
         count(*) OVER (PARTITION BY work_id, institution_id) AS universities
  FROM beside
),
counted AS (                         -- what an institution of the work became there, and with which share
  SELECT o.work_id, o.unified_id, coalesce(j.university_id, o.institution_id) AS institution_id,
         CASE WHEN j.university_id IS NULL THEN o.share
              ELSE CAST(floor(o.share * j.nth / j.universities) AS BIGINT)
                   - CAST(floor(o.share * (j.nth - 1) / j.universities) AS BIGINT) END AS share
  FROM owned o LEFT JOIN joined j ON j.work_id = o.work_id AND j.institution_id = o.institution_id
),
shares AS (
  SELECT work_id, institution_id, CAST(sum(share) AS BIGINT) AS share FROM counted GROUP BY work_id, institution_id
),
origins AS (
  SELECT c.work_id, c.institution_id, array_sort(array_distinct(array_agg(a.institution_id))) AS harvested_ids
  FROM (
    SELECT DISTINCT a.work_id, a.institution_id, u.unified_id
    FROM authorships a JOIN unified u ON u.institution_id = a.institution_id
  ) a
  JOIN counted c ON c.work_id = a.work_id AND c.unified_id = a.unified_id
  GROUP BY c.work_id, c.institution_id
),
words AS (
  SELECT c.work_id, c.institution_id, array_sort(array_distinct(array_agg(s.string))) AS strings
  FROM strings s
  JOIN unified u ON u.institution_id = s.institution_id
  JOIN counted c ON c.work_id = s.work_id AND c.unified_id = u.unified_id
  GROUP BY c.work_id, c.institution_id
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
