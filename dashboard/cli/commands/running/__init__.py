"""Commands that keep it running: pages, checks, reports, messages, backups."""
