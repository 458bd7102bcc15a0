"""SIP messages of scripted peers as text: what a caller sends, and what a line may answer."""

SESSION = (
    "v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 6002 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)
CALLER, CALLER_PORT = "0422511234", 5070
_HEAD = (
    "Via: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bK-{call}-{method}\r\n"
    "From: <sip:{caller}@127.0.0.1:5070>;tag={call}\r\n"
    "To: <sip:08001234567@127.0.0.1:5060>{tag}\r\nCall-ID: {call}@127.0.0.1\r\n"
    "CSeq: {number} {method}\r\nMax-Forwards: 70\r\nContent-Length: {length}\r\n"
)
_INVITE = (
    "INVITE sip:08001234567@127.0.0.1:5060 SIP/2.0\r\n"
    "Contact: <sip:{caller}@127.0.0.1:5070>\r\nP-Asserted-Identity: <sip:{caller}@127.0.0.1>\r\n"
    f"Content-Type: application/sdp\r\n{_HEAD}\r\n{SESSION}"
)
_IN_DIALOG = f"{{method}} sip:127.0.0.1:5060 SIP/2.0\r\n{_HEAD}\r\n"
_ECHOED = ("Via:", "From:", "To:", "Call-ID:", "CSeq:")


def invite(call: str, caller: str = CALLER) -> bytes:
    """Return the INVITE of a new call by that name."""
    blanks = {"call": call, "caller": caller, "method": "INVITE", "tag": "", "number": 1}
    return _INVITE.format(**blanks, length=len(SESSION)).encode()


def in_dialog(method: str, call: str, number: int, tag: str) -> bytes:
    """Return a request of the caller in its call; `tag` is the To-tag with its `;tag=`."""
    blanks = {"call": call, "caller": CALLER, "method": method, "tag": tag, "number": number}
    return _IN_DIALOG.format(**blanks, length=0).encode()


def busy(request: bytes) -> bytes:
    """Return the 486 of a line to an INVITE."""
    return f"SIP/2.0 486 Busy Here\r\n{echoed(request.decode())}Content-Length: 0\r\n\r\n".replace(
        "\r\nCall-ID:", ";tag=busy\r\nCall-ID:"
    ).encode()


def acknowledgement(response: bytes) -> bytes:
    """Return the caller's ACK of a failure."""
    kept = echoed(response.decode()).replace("1 INVITE", "1 ACK")
    return f"ACK sip:08001234567@127.0.0.1:5060 SIP/2.0\r\n{kept}Content-Length: 0\r\n\r\n".encode()


def echoed(message: str) -> str:
    """Return the header lines of a message that its answer repeats."""
    lines = message.partition("\r\n\r\n")[0].split("\r\n")
    return "".join([f"{line}\r\n" for line in lines if line.startswith(_ECHOED)])
