"""Links to where something is shown: a page, the evidence of a finding, claims."""
