"""Facts of labels that do not come, do not agree, or are worn out."""
