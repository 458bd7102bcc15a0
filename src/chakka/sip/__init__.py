"""The protocol, I/O free: messages, SDP, transactions, dialogs, user agent. Knows nothing of chakka."""
