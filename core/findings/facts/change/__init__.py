"""Facts of what is no longer as it was signed or seen before."""
