"""Who is told, when, and in what words."""
