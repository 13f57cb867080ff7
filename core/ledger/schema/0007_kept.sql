-- Sums of claims, kept so that pages need not read the claims. They are worked out from the claims by
-- core/queries/base/kept/kernel.py, within the import that brings these, and always equal a recount.

-- The signals whose sums are kept. A signal without a row is to be counted whole by the next import.
CREATE TABLE kept_signals (
    signal VARCHAR NOT NULL,
    high_ppm INTEGER NOT NULL,         -- lower edge of the high-confidence band they were counted with
    kept BOOLEAN NOT NULL              -- false: it has too many lines, and nothing of it is kept
);

-- The dimensions that some claim of a signal names a value of.
CREATE TABLE kept_dimensions (
    signal VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,        -- action, or a segment dimension
    kept BOOLEAN NOT NULL              -- false: it has too many values
);

-- A line is the claims of one signal, fingerprint and split.
CREATE TABLE kept_lines (
    line INTEGER NOT NULL,             -- 1, 2, …
    signal VARCHAR NOT NULL,
    model_version VARCHAR,
    prompt_version VARCHAR,
    params_version VARCHAR,
    elicitation VARCHAR,
    elicitation_order VARCHAR,
    calibrator_version VARCHAR,
    split VARCHAR NOT NULL
);

-- Claims by line and week; then once more by each value of each dimension.
CREATE TABLE kept_cells (
    line INTEGER NOT NULL,
    week INTEGER NOT NULL,             -- 0 begins on Monday 1970-01-05
    dimension VARCHAR NOT NULL,        -- '' for all claims
    value VARCHAR,                     -- NULL: claims that name none
    place SMALLINT NOT NULL,           -- upper edge of the confidences, in hundredths; -1: unstated
    width SMALLINT NOT NULL,           -- 1: these of one hundredth; 10: of one ECE bin; 0: unstated
    high BOOLEAN NOT NULL,             -- in the high-confidence band
    outcome TINYINT,
    n BIGINT NOT NULL,                 -- claims
    s1 BIGINT NOT NULL,                -- sums of confidence in whole millionths, and of its powers
    s2 HUGEINT NOT NULL,
    s3 HUGEINT NOT NULL,
    s4 HUGEINT NOT NULL,
    n_chances BIGINT NOT NULL,         -- those that log the chance of their label
    n_drawn BIGINT NOT NULL,           -- those where it is below one
    least DOUBLE,                      -- the least and the greatest of these chances
    most DOUBLE,
    weekdays SMALLINT NOT NULL         -- the days they were made on: 1 for Monday … 64 for Sunday, added
);

-- Claims by line and day.
CREATE TABLE kept_days (
    line INTEGER NOT NULL,
    day DATE NOT NULL,
    n_claims BIGINT NOT NULL,
    n_unstated BIGINT NOT NULL,
    n_named BIGINT NOT NULL,           -- those that name their input
    n_automated BIGINT NOT NULL,
    n_automated_labelled BIGINT NOT NULL,
    n_labelled BIGINT NOT NULL,
    n_drawn BIGINT NOT NULL,           -- labelled ones whose label was drawn with a chance below one
    n BIGINT NOT NULL,                 -- labelled ones that state a confidence, and over these:
    stated BIGINT NOT NULL,            -- sum of confidence in whole millionths
    n_right BIGINT NOT NULL,           -- sum of outcome
    first_ts TIMESTAMP NOT NULL,
    last_ts TIMESTAMP NOT NULL
);

-- Stated claims whose outcome was never corrected, by line, week and age at which it became known.
CREATE TABLE kept_ages (
    line INTEGER NOT NULL,
    week INTEGER NOT NULL,
    age_days INTEGER NOT NULL,         -- rounded up to whole days, at least 0; -1: no outcome
    n BIGINT NOT NULL,
    n_right BIGINT NOT NULL,
    s1 BIGINT NOT NULL                 -- sum of confidence in whole millionths
);
