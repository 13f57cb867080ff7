"""What the pages say of labels: thin, in dispute, or drawn to be given."""
