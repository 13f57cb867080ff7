"""How a file is to be read: which column is which field, on which scale, and what to propose."""
