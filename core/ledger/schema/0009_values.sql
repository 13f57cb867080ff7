-- Finer sums of claims that lie elsewhere, counted there and loaded (core/lake/): what a ledger without
-- the claims needs beside the kept sums. Of a signal whose claims are in the ledger there are none.

-- Claims by what questions about them can name, one row for each kind of claim.
CREATE TABLE kept_values (
    line INTEGER NOT NULL,
    day INTEGER NOT NULL,              -- of the claims, 0 is 1970-01-01; by a dimension their week's Monday
    dimension VARCHAR NOT NULL,        -- '' for all claims; then once more by each segment dimension
    value VARCHAR,                     -- NULL: claims that name none
    action VARCHAR,
    confidence_ppm INTEGER,            -- NULL: unstated
    outcome TINYINT,
    chance DOUBLE,                     -- with which the label was drawn; NULL: none is logged
    n BIGINT NOT NULL                  -- claims
);

-- Stated claims whose outcome was corrected, by line, week and age: each label that came into force adds
-- its claim at the age at which it became known, and takes it off at the age of the next.
CREATE TABLE kept_steps (
    line INTEGER NOT NULL,
    week INTEGER NOT NULL,             -- 0 begins on Monday 1970-01-05
    age_days INTEGER NOT NULL,         -- rounded up to whole days, at least 0; -1: nothing in force
    n_claims BIGINT NOT NULL,          -- claims, each at its first age
    n BIGINT NOT NULL,                 -- labels in force that came, less those that ended
    n_right BIGINT NOT NULL,
    s1 BIGINT NOT NULL                 -- sum of confidence in whole millionths
);
