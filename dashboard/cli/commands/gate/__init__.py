"""Commands of the gate, and the client that asks it."""
