-- Hand-offs that were put among the others to see whether people look: the answer shown was wrong on
-- purpose, so that overriding it is right (core/ingest/handoffs.py).
ALTER TABLE handoffs ADD COLUMN seeded TINYINT;  -- 1: planted
