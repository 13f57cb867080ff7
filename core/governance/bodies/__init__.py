"""What the bodies of acts say, held to what else they say, and why an act is not done."""
