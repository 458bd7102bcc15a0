"""The business accounts: subscribers, and who may log in."""
