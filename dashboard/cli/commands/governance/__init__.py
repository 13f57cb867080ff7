"""Commands of the acts: who answers, who signs, and the proof of it."""
