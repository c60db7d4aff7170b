-- Works with the scope's country and a partner group, by year. Read for Figure 1 and Figure 2.
-- Unit: works, full count. Intervals, shares and years without a work are added afterwards (coauth/copublications.py).
SELECT year, group_id, basis, count(*) AS works
FROM memberships
GROUP BY year, group_id, basis
