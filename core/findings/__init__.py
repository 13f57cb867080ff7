"""What is wrong and whose it is: kinds, their life, the acts about them."""
