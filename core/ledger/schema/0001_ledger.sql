-- The ledger: append-only events, what was refused, and what came in when.
-- Every TIMESTAMP is UTC. Confidence is kept twice: as stated, and quantised to whole
-- millionths (parts per million), the one form that is grouped, compared and measured.
-- Names of which hardly two are alike are compressed by zstd: DuckDB's own choice takes two fifths longer to
-- load and spares a twentieth of the file. Ledgers that are older keep what they have.

CREATE TABLE imports (
    import_id INTEGER NOT NULL,        -- 1, 2, …; the newest one is the ledger's data version
    source VARCHAR NOT NULL,           -- the file's name, without its folder
    format VARCHAR NOT NULL,           -- csv, jsonl, parquet
    sha256 VARCHAR NOT NULL,
    imported_at TIMESTAMP NOT NULL,
    n_read BIGINT NOT NULL,
    n_new BIGINT NOT NULL,
    n_duplicate BIGINT NOT NULL,
    n_unstated BIGINT NOT NULL,
    n_quarantined BIGINT NOT NULL,
    n_attached BIGINT NOT NULL,        -- outcomes that reached a claim
    n_held BIGINT NOT NULL,            -- outcomes still waiting for their claim
    n_corrected BIGINT NOT NULL,       -- outcomes that superseded another
    first_ts TIMESTAMP,
    last_ts TIMESTAMP,
    notices VARCHAR[] NOT NULL,
    settings VARCHAR NOT NULL DEFAULT '{}'  -- mapping and signal given, and the program: JSON
);

-- A segment dimension is a real column of claims, seg_<dimension>, added when it first arrives.
CREATE TABLE segment_dimensions (
    dimension VARCHAR NOT NULL,
    first_import INTEGER NOT NULL
);

CREATE TABLE signals (
    signal VARCHAR NOT NULL,
    repeats BOOLEAN NOT NULL,          -- some input_id of this signal has more than one stated claim
    first_import INTEGER NOT NULL
);

-- A claim is known by (signal, event_id). The outcome columns hold the outcome in force;
-- every version of it stays in outcomes.
CREATE TABLE claims (
    event_id VARCHAR NOT NULL USING COMPRESSION zstd,
    signal VARCHAR NOT NULL,
    ts TIMESTAMP NOT NULL,
    confidence_ppm INTEGER CHECK (confidence_ppm BETWEEN 0 AND 1000000),  -- NULL: unstated
    confidence_raw DOUBLE,
    model_version VARCHAR,
    prompt_version VARCHAR,
    params_version VARCHAR,
    calibrator_version VARCHAR,
    elicitation VARCHAR,
    elicitation_order VARCHAR,
    input_id VARCHAR USING COMPRESSION zstd,
    split VARCHAR NOT NULL,            -- tuning, heldout, production
    action VARCHAR,
    trace_id VARCHAR,
    span_id VARCHAR,
    label_propensity DOUBLE,
    attributes VARCHAR,                -- the file's other columns, a JSON object with sorted keys
    outcome TINYINT CHECK (outcome IN (0, 1)),
    outcome_ts TIMESTAMP,              -- as stated; NULL when not stated
    outcome_known_at TIMESTAMP,        -- outcome_ts, or else the time of the import
    outcome_source VARCHAR,
    outcome_corrected BOOLEAN NOT NULL DEFAULT false,  -- more than one version in outcomes
    import_id INTEGER NOT NULL,
    import_row BIGINT NOT NULL         -- 1 is the first record of the file
);

-- Every outcome ever received, never updated.
CREATE TABLE outcomes (
    event_id VARCHAR NOT NULL USING COMPRESSION zstd,
    signal VARCHAR,                    -- NULL: for every claim of the event
    outcome TINYINT NOT NULL CHECK (outcome IN (0, 1)),
    outcome_ts TIMESTAMP,
    known_at TIMESTAMP NOT NULL,
    source VARCHAR,
    with_claim BOOLEAN NOT NULL,       -- came in the claim's own row
    import_id INTEGER NOT NULL,
    import_row BIGINT NOT NULL
);

CREATE TABLE quarantine (
    quarantine_id BIGINT NOT NULL,
    import_id INTEGER NOT NULL,
    file VARCHAR NOT NULL,
    import_row BIGINT NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    reason VARCHAR NOT NULL,
    mend VARCHAR NOT NULL,
    record VARCHAR NOT NULL            -- the row as it came, a JSON object (or its raw text)
);

-- A refused row that later came in corrected.
CREATE TABLE quarantine_resolved (
    quarantine_id BIGINT NOT NULL,
    import_id INTEGER NOT NULL
);
