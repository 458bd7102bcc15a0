"""What happens to calls: now, and today."""
