-- One row per year × publisher × field: how much of the affiliations is there at all. Read beside every trend.
SELECT year, publisher, field_id,
       count(*) AS works,
       CAST(sum(n_authors) AS BIGINT) AS authorships,
       CAST(sum(n_authors_with_institution) AS BIGINT) AS authorships_with_institution,
       CAST(sum(CASE WHEN affiliation_status = 'complete' THEN 1 ELSE 0 END) AS BIGINT) AS works_complete
FROM works
WHERE included
GROUP BY year, publisher, field_id
