-- The written side: the trail, and what its entries point to. The trail is append-only and proves
-- itself (RFC 9162 tree, signed checkpoints); no other table here says who may do what.

CREATE TABLE acts (
    seq BIGINT NOT NULL,               -- 0, 1, 2, …
    entry VARCHAR NOT NULL,            -- the canonical JSON text that is hashed (core/govern/acts.py)
    leaf VARCHAR NOT NULL              -- its RFC 9162 leaf hash, hexadecimal
);

-- One per act, written with it: the tree of that size, signed.
CREATE TABLE checkpoints (
    size BIGINT NOT NULL,              -- entries covered
    frontier VARCHAR[] NOT NULL,       -- roots of the tree's whole subtrees, left to right, hexadecimal
    note VARCHAR NOT NULL              -- the C2SP signed note
);

-- Who an opaque id is. Not part of the trail, so that it can forget.
CREATE TABLE people (
    sub VARCHAR NOT NULL,
    handle VARCHAR,                    -- user:finance/ann.lee; NULL once forgotten
    printed_name VARCHAR
);

-- What was signed: canonical JSON by its SHA-256.
CREATE TABLE evidence (
    sha256 VARCHAR NOT NULL,
    bundle VARCHAR NOT NULL
);

-- Every answer the gate gave. event_id joins it to the claim when that arrives.
CREATE TABLE decisions (
    decision_no BIGINT NOT NULL,       -- 1, 2, 3, …
    decision_id VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    signal VARCHAR,
    event_id VARCHAR,
    confidence VARCHAR,                -- as it was given
    confidence_ppm INTEGER,            -- NULL where it was no confidence
    fingerprint VARCHAR NOT NULL,      -- canonical JSON of the fields given
    segments VARCHAR NOT NULL,         -- canonical JSON
    action VARCHAR NOT NULL,           -- automate, review, escalate
    rule VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    state VARCHAR,                     -- of the fingerprint's validation when it was asked
    trail_size BIGINT NOT NULL         -- entries of the trail that the answer rests on
);

-- Digests of blocks of sealed rows. They only say where a broken seal is broken: what is trusted
-- is their digest, which stands in an act.
CREATE TABLE seal_blocks (
    seal VARCHAR NOT NULL,             -- the seal's name, e.g. import-3/claims
    block BIGINT NOT NULL,
    digest VARCHAR NOT NULL
);

-- Who may ask over HTTP. Only the hash of a token is kept; giving and taking away are acts.
CREATE TABLE tokens (
    token_id VARCHAR NOT NULL,         -- t-…, for acts and lists
    token_sha256 VARCHAR NOT NULL,
    scopes VARCHAR[] NOT NULL,         -- ingest, decide, read
    label VARCHAR NOT NULL,
    revoked BOOLEAN NOT NULL DEFAULT false
);
