"""Time: sequential tests, change points, shifts of the population."""
