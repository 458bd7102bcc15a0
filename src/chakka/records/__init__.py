"""What happened to a call: journal entries, and the one record that is folded from them. Pure."""
