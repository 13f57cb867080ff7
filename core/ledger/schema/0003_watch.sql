-- The standing watch: audit samples drawn for labelling, and messages on their way to people.

-- Which claims an audit sample holds, and with what chance each of its frame was drawn. That it was
-- drawn, by whom, and the digest of this list stand in the trail (act audit.drawn).
CREATE TABLE audit_claims (
    audit_id VARCHAR NOT NULL,         -- a-…
    signal VARCHAR NOT NULL,
    event_id VARCHAR NOT NULL,
    propensity DOUBLE NOT NULL         -- in (0, 1]
);

-- Messages to people: written before they are sent, kept until they are, and after.
CREATE TABLE notices (
    notice_no BIGINT NOT NULL,         -- 1, 2, 3, …
    channel VARCHAR NOT NULL,          -- its name in the notices file; never its address
    kind VARCHAR NOT NULL,             -- immediate, digest
    subject VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    findings VARCHAR[] NOT NULL,       -- what it tells of: finding and occurrence, n-…/2, with
                                       -- /critical or /settled where it was told as that
    written_at TIMESTAMP NOT NULL,
    attempts INTEGER NOT NULL,
    next_try TIMESTAMP,                -- NULL once sent
    sent_at TIMESTAMP,
    error VARCHAR                      -- of the last failed attempt, without addresses or secrets
);
