-- purpose: every make once
-- params: none
-- reads: vehicle
-- returns: name STRING
SELECT DISTINCT v.make AS name
FROM vehicle AS v
ORDER BY name
