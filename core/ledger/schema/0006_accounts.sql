-- What the hash of a sign-on account in an act was salted with. Erased with the person's names, and when
-- the account is taken: without it nobody finds the account by trying subjects.
CREATE TABLE accounts (
    sub VARCHAR NOT NULL,              -- whom it is bound to, as the act says
    account VARCHAR NOT NULL,          -- the salted hash that the act holds, hexadecimal
    salt VARCHAR NOT NULL              -- 64 hexadecimal digits, whose SHA-256 the act holds
);
