"""Hand-written SIP messages for tests of what is seen of them."""


def invite_from(source: tuple[str, int], call_id: str = "foreign", number: str = "0120123456") -> bytes:
    """Return an INVITE without a body."""
    host, port = source
    head = (
        f"INVITE sip:{number}@192.0.2.9 SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call_id}",
        "Max-Forwards: 70",
        f"From: <sip:0312345678@{host}>;tag=1",
        f"To: <sip:{number}@192.0.2.9>",
        f"Call-ID: {call_id}",
        "CSeq: 1 INVITE",
        f"Contact: <sip:0312345678@{host}:{port}>",
        "Content-Length: 0",
    )
    return "\r\n".join((*head, "", "")).encode()
