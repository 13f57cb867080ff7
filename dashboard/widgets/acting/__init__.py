"""Who acts, the buttons of acts, and what is said once one is done."""
