"""What `chakka subscriber` can do."""
