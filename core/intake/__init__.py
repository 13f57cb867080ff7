"""What programs log while the server runs: judged at the door, folded in, and told what became."""
