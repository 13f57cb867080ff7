"""Single claims: lists, one history, what was decided on them."""
