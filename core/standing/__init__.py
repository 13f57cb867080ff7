"""The one verdict of a signal and version in use, and the claims it rests on."""
