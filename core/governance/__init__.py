"""The state replayed from the trail, who may do what, and performing an act."""
