"""The Labels page: which labels would decide what cannot be told, and what the samples say."""
