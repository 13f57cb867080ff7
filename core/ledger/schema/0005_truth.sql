-- Labels of an LLM judge are not truth, and no claim's outcome in force is one: it is the newest of
-- the other labels, if there is any. Every label stays in outcomes.
UPDATE claims
SET outcome = settled.in_force.outcome, outcome_ts = settled.in_force.outcome_ts,
    outcome_known_at = settled.in_force.known_at, outcome_source = settled.in_force.source,
    outcome_corrected = settled.corrected
FROM (
    SELECT known.event_id, known.signal,
           arg_max({'outcome': log.outcome, 'outcome_ts': log.outcome_ts,
                    'known_at': log.known_at, 'source': log.source},
                   (log.known_at, log.import_id, log.import_row))
               FILTER (log.source IS DISTINCT FROM 'LLM') AS in_force,
           count(*) FILTER (log.source IS DISTINCT FROM 'LLM') > 1 AS corrected
    FROM claims AS known JOIN outcomes AS log
      ON log.event_id = known.event_id AND (log.signal IS NULL OR log.signal = known.signal)
    WHERE log.event_id IN (SELECT event_id FROM outcomes WHERE source = 'LLM')
    GROUP BY known.event_id, known.signal
) AS settled
WHERE claims.event_id = settled.event_id AND claims.signal = settled.signal;
