"""What a SIPp peer says and waits for, as a list of steps.

A scenario is a list of the texts made here. Branches are written out, because a CANCEL, a retransmission and
the ACK of a failure carry that of their INVITE (RFC 3261 §9.1, §17.1.1.3).
"""

import re
from collections.abc import Sequence

FIXED_CALLER = "0422511234"
MOBILE_CALLER = "09012345678"

G711_OFFER = ("m=audio 40000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000")
G711_ANSWER = ("m=audio 41000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000")

_DIALOG = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-{branch}
From: {caller};tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>{to_tag}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70"""


def sdp(*media: str) -> str:
    """Return a session description with these lines about media."""
    return "\n".join(("v=0", "o=- 1 1 IN IP4 [local_ip]", "s=-", "c=IN IP4 [local_ip]", "t=0 0", *media))


def scenario(steps: Sequence[str]) -> str:
    """Return the XML that SIPp reads."""
    body = "\n".join(steps)
    if "assign_to" in body:
        names = sorted(set(re.findall('assign_to="([a-z]+)"', body)))
        body += f'\n<Reference variables="{",".join(names)}"/>'
    return f'<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="peer">\n{body}\n</scenario>\n'


# -- any side


def pause(milliseconds: int) -> str:
    """Wait, as people do while they talk."""
    return f'<pause milliseconds="{milliseconds}"/>'


def hear(status: int, *, optional: bool = False, within_ms: int = 0) -> str:
    """Wait for a response; one that is optional may be left out."""
    wish = 'optional="true"' if optional else ""
    limit = f'timeout="{within_ms}"' if within_ms else ""
    return f'<recv response="{status}" rrs="true" {wish} {limit}/>'


def hear_reliable(status: int) -> str:
    """Wait for a reliable provisional response and keep its RSeq for `prack`."""
    keep = '<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/>'
    return f'<recv response="{status}" rrs="true"><action>{keep}</action></recv>'


def await_request(method: str, *, optional: bool = False) -> str:
    """Wait for a request."""
    wish = 'optional="true"' if optional else ""
    keep = _KEEP if method == "INVITE" else ""
    return f'<recv request="{method}" rrs="true" {wish}>{keep}</recv>'


# What later requests and responses of the line need of its INVITE.
_KEEP = """<action>
<ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="from"/>
<ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" assign_to="cseq"/>
</action>"""


def _send(text: str, *, repeats: bool = False) -> str:
    wish = 'retrans="500"' if repeats else ""
    return f"<send {wish}><![CDATA[\n{text}\n]]></send>"


def _with_body(head: str, body: str) -> str:
    if not body:
        return f"{head}\nContent-Length: 0\n"
    return f"{head}\nContent-Type: application/sdp\nContent-Length: [len]\n\n{body}\n"


# -- the caller's side


def invite(
    caller: str = FIXED_CALLER,
    *,
    offer: Sequence[str] = G711_OFFER,
    headers: Sequence[str] = (),
    repeats: bool = True,
) -> str:
    """Call the number. offer: lines about media, none for an offerless INVITE."""
    head = _head("INVITE", f"<sip:{caller}@[local_ip]>", headers)
    return _send(_with_body(head, sdp(*offer) if offer else ""), repeats=repeats)


def _head(method: str, caller: str, headers: Sequence[str]) -> str:
    dialog = _DIALOG.format(method=method, caller=caller, to_tag="", cseq=1, branch="invite")
    return "\n".join((f"{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0", dialog, *headers))


def cancel(caller: str = FIXED_CALLER) -> str:
    """Give up before an answer."""
    return _send(_with_body(_head("CANCEL", f"<sip:{caller}@[local_ip]>", ()), ""), repeats=True)


def ack_failure(caller: str = FIXED_CALLER) -> str:
    """Acknowledge a failure: within the INVITE's own transaction."""
    return _send(
        _with_body(_in_dialog("ACK", 1, "invite", caller, "[service]@[remote_ip]:[remote_port]"), "")
    )


def request(method: str, cseq: int, *, branch: str = "", body: str = "", headers: Sequence[str] = ()) -> str:
    """Send a request within the call. cseq: 1 is the INVITE's."""
    head = "\n".join((_in_dialog(method, cseq, branch or f"{method}{cseq}"), *headers))
    return _send(_with_body(head, body), repeats=method != "ACK")


def ack(*, body: str = "") -> str:
    """Acknowledge the answer."""
    return request("ACK", 1, body=body)


def bye(cseq: int = 2) -> str:
    """Hang up."""
    return request("BYE", cseq)


def prack(cseq: int = 2) -> str:
    """Acknowledge the reliable provisional response (RFC 3262 §4)."""
    return request("PRACK", cseq, headers=("RAck: [$rseq] 1 INVITE",))


def _in_dialog(method: str, cseq: int, branch: str, caller: str = FIXED_CALLER, target: str = "") -> str:
    dialog = _DIALOG.format(
        method=method,
        caller=f"<sip:{caller}@[local_ip]>",
        to_tag="[peer_tag_param]",
        cseq=cseq,
        branch=branch,
    )
    # The remote target that the answer's Contact gave.
    uri = f"sip:{target}" if target else "[next_url]"
    return f"{method} {uri} SIP/2.0\n{dialog}"


# -- the line's side


def reply(
    status: int, phrase: str, *, body: str = "", headers: Sequence[str] = (), repeats: bool = False
) -> str:
    """Answer the INVITE."""
    head = "\n".join(
        (
            f"SIP/2.0 {status} {phrase}",
            "[last_Via:]",
            "[last_From:]",
            "[last_To:];tag=[pid]l[call_number]",
            "[last_Call-ID:]",
            "CSeq: [$cseq]",
            "Contact: <sip:line@[local_ip]:[local_port]>",
            *headers,
        )
    )
    return _send(_with_body(head, body), repeats=repeats)


def ok(*, body: str = "") -> str:
    """Answer 200 to a request within the call, which carries our tag already."""
    head = "\n".join(
        (
            "SIP/2.0 200 OK",
            "[last_Via:]",
            "[last_From:]",
            "[last_To:]",
            "[last_Call-ID:]",
            "[last_CSeq:]",
            "Contact: <sip:peer@[local_ip]:[local_port]>",
        )
    )
    return _send(_with_body(head, body))


def crosses_cancel() -> list[str]:
    """The line's side of a call whose answer crosses the CANCEL: it must be acknowledged and released."""
    return [
        await_request("INVITE"),
        reply(180, "Ringing"),
        await_request("CANCEL"),
        ok(),
        reply(200, "OK", body=sdp(*G711_ANSWER), repeats=True),
        await_request("ACK"),
        await_request("BYE"),
        ok(),
    ]


def line_bye() -> str:
    """Hang up as the line that was called."""
    head = "\n".join(
        (
            "BYE [next_url] SIP/2.0",
            "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-linebye",
            "From: <sip:line@[local_ip]>;tag=[pid]l[call_number]",
            "To: [$from]",
            "Call-ID: [call_id]",
            "CSeq: 1 BYE",
            "Max-Forwards: 70",
        )
    )
    return _send(_with_body(head, ""), repeats=True)


# -- whole sides of common calls

ANSWERED = (hear(100, optional=True), hear(180, optional=True), hear(183, optional=True), hear(200), ack())
HANGS_UP = (bye(), hear(200))


def talks_and_hangs_up(milliseconds: int = 1000, caller: str = FIXED_CALLER) -> list[str]:
    """The caller's side of a call that is answered."""
    return [invite(caller), *ANSWERED, pause(milliseconds), *HANGS_UP]


def is_refused(status: int, caller: str = FIXED_CALLER, **sent: Sequence[str]) -> list[str]:
    """The caller's side of a call that ends in a failure."""
    return [
        invite(caller, **sent),
        hear(100, optional=True),
        hear(180, optional=True),
        hear(183, optional=True),
        hear(status),
        ack_failure(caller),
    ]


def answers(milliseconds: int = 0, answer: Sequence[str] = G711_ANSWER) -> list[str]:
    """The line's side of a call that it answers after ringing; the other side hangs up.

    answer: lines about media.
    """
    return [
        await_request("INVITE"),
        reply(180, "Ringing"),
        pause(milliseconds),
        reply(200, "OK", body=sdp(*answer), repeats=True),
        await_request("ACK"),
        await_request("BYE"),
        ok(),
    ]


def refuses(status: int, phrase: str, *, rings: bool = False, headers: Sequence[str] = ()) -> list[str]:
    """The line's side of a call that it does not take."""
    return [
        await_request("INVITE"),
        *([reply(180, "Ringing")] if rings else []),
        reply(status, phrase, headers=headers, repeats=True),
        await_request("ACK"),
    ]


def rings_until_cancelled() -> list[str]:
    """The line's side of a call that is given up while it rings."""
    return [
        await_request("INVITE"),
        reply(180, "Ringing"),
        await_request("CANCEL"),
        ok(),
        *_terminated(),
    ]


def _terminated() -> list[str]:
    """487 to the INVITE; the CANCEL, whose headers SIPp repeats, has the same Via, From, To and Call-ID."""
    head = "\n".join(
        (
            "SIP/2.0 487 Request Terminated",
            "[last_Via:]",
            "[last_From:]",
            "[last_To:];tag=[pid]l[call_number]",
            "[last_Call-ID:]",
            "CSeq: [$cseq]",
        )
    )
    return [_send(_with_body(head, ""), repeats=True), await_request("ACK")]
