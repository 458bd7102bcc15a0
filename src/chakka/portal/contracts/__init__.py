"""What subscribers have: freephone numbers, options with their dates, lines, listings, work orders."""
