"""One detector a failure, and `all` of them."""
