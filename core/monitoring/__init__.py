"""What is measured again by itself: rounds, runs, the schedule, audit samples."""
