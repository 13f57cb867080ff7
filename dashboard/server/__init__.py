"""The running service: HTTP, who may knock, background rounds, notices."""
