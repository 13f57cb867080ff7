"""What several pages, reports and programs show: one module a thing."""
