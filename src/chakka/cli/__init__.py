"""The `chakka` command."""
