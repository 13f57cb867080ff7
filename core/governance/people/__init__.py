"""Who is there, how they are known, and what they hold to be let in."""
