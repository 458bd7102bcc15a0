"""The embedded call plane: facts from a SIP message, call control, admission, transports."""
