"""A media server that any SIP proxy can use: announcements by RFC 4240."""
