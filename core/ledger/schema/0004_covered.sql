-- What gives authority is covered by the trail: names through a salted commitment in an act, and the
-- gate's answers since the last seal through one signed digest.

-- Erased with the names: without it the commitment in the trail says nothing about them.
ALTER TABLE people ADD COLUMN salt VARCHAR;  -- 64 hexadecimal digits; NULL once forgotten

-- One row: the digest of every answer from the first unsealed one on, signed at each new answer. No
-- row: there is none, or an earlier version of the program wrote them.
CREATE TABLE decision_head (
    first_no BIGINT NOT NULL,          -- first and last answer that it covers
    last_no BIGINT NOT NULL,
    digest VARCHAR NOT NULL,           -- SHA-256, hexadecimal (core/govern/signed_answers.py)
    signature VARCHAR NOT NULL         -- Ed25519 by the trail's key, base64
);
