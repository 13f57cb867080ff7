"""What an act holds of each failure, and how it reads; one module a detector."""
