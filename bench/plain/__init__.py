"""What our own rating is compared with."""
