"""What the subscriber bought: number, lines, receiving groups, schedules, and the rules they must keep."""
