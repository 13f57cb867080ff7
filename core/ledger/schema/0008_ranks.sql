-- Labels have a rank, by the order in which a signal's registry entry lists the sources of truth (people
-- before code where it lists none; labels that state no source last). In force is the newest of the best
-- rank; two of one rank that say different things at the same instant leave the claim unlabelled
-- (core/queries/base/in_force.py). Until now it was the newest of all, and of two of one instant the one
-- that came in last. Every label stays in outcomes.

-- NULL: a withdrawal, which takes back the last label of its source that stands then.
ALTER TABLE outcomes ALTER COLUMN outcome DROP NOT NULL;

CREATE TEMP TABLE settled AS
WITH said AS (
    SELECT signal, newest.said AS said FROM (
        SELECT signal, arg_max({'said': said}, seq) AS newest FROM (
            SELECT seq, entry ->> '$.signal' AS signal, entry -> '$.body.spec.truth' AS said
            FROM (SELECT seq, entry FROM acts
                  WHERE contains(entry, '"registry.set"') AND json_valid(entry))
            WHERE entry ->> '$.kind' = 'registry.set')
        GROUP BY signal)
    WHERE json_type(newest.said, '$.sources') = 'ARRAY'),
truth AS (
    SELECT signal, list_filter(CAST(said -> '$.sources' AS VARCHAR[]), lambda one: one IN ('HUMAN', 'CODE'))
               AS sources,
           coalesce(said ->> '$.unstated', 'true') = 'true' AS unstated
    FROM said),
labels AS (
    SELECT known.event_id, known.signal, log.outcome, log.outcome_ts, log.known_at, log.source,
           CASE WHEN log.source IS NULL THEN CASE WHEN coalesce(truth.unstated, true) THEN 9 END
                ELSE list_position(coalesce(truth.sources, ['HUMAN', 'CODE']), log.source) END AS place
    FROM (SELECT event_id, signal FROM claims WHERE outcome_corrected) AS known
    JOIN outcomes AS log
      ON log.event_id = known.event_id AND (log.signal IS NULL OR log.signal = known.signal)
    LEFT JOIN truth ON truth.signal = known.signal),
newest AS (
    SELECT * FROM labels WHERE place IS NOT NULL
    QUALIFY rank() OVER (PARTITION BY event_id, signal ORDER BY place, known_at DESC) = 1)
SELECT event_id, signal, count(DISTINCT outcome) > 1 AS conflict, any_value(outcome) AS outcome,
       max(outcome_ts) AS outcome_ts, any_value(known_at) AS known_at, any_value(source) AS source
FROM newest GROUP BY event_id, signal;

UPDATE claims
SET outcome = CASE WHEN NOT conflict THEN settled.outcome END,
    outcome_ts = CASE WHEN NOT conflict THEN settled.outcome_ts END,
    outcome_known_at = CASE WHEN NOT conflict THEN settled.known_at END,
    outcome_source = CASE WHEN NOT conflict THEN settled.source END
FROM settled
WHERE claims.outcome_corrected AND claims.event_id = settled.event_id AND claims.signal = settled.signal;

-- What is kept summed of these signals is counted anew by the next round or import.
DELETE FROM kept_cells WHERE line IN (
    SELECT line FROM kept_lines WHERE signal IN (SELECT signal FROM settled));
DELETE FROM kept_days WHERE line IN (
    SELECT line FROM kept_lines WHERE signal IN (SELECT signal FROM settled));
DELETE FROM kept_ages WHERE line IN (
    SELECT line FROM kept_lines WHERE signal IN (SELECT signal FROM settled));
DELETE FROM kept_dimensions WHERE signal IN (SELECT signal FROM settled);
DELETE FROM kept_lines WHERE signal IN (SELECT signal FROM settled);
DELETE FROM kept_signals WHERE signal IN (SELECT signal FROM settled);
DROP TABLE settled;
