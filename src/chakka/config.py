"""The one configuration file (TOML): addresses, trunks, lines, timers, where data lies."""
