"""Parts of *Sign-off*: the evidence, how it stands, and what may be done."""
