"""What a call costs: tariffs and one pure integer function, `rate`."""
