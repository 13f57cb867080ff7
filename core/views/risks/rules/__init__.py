"""One small rule per failure: whether a signal is covered against it, and what that rests on."""
