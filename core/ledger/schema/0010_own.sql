-- An outcome that came in its claim's row and is in force is stored once, in the claim. All others are in
-- outcomes, and so is this one from when another takes its place (core/ingest/outcome_attachment.py). Every
-- outcome ever received is what core/queries/base/outcome_log.py gives. Those that are in outcomes stay there.

ALTER TABLE claims ADD COLUMN outcome_own BOOLEAN DEFAULT false;  -- it is the only one, and in no other table
