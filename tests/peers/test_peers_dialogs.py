"""What happens within a call: giving up, holding, hanging up, repeating, being late (signalling.md §3)."""

import socket
from collections.abc import Sequence

from peer_node import NO_ACK_S, SIP_PORT, Node, wait_until
from peer_plans import business
from peer_sipp import Sipp, Sipps
from peer_steps import (
    ANSWERED,
    FIXED_CALLER,
    G711_ANSWER,
    G711_OFFER,
    HANGS_UP,
    ack,
    ack_failure,
    answers,
    await_request,
    bye,
    cancel,
    crosses_cancel,
    hear,
    hear_reliable,
    invite,
    is_refused,
    line_bye,
    ok,
    pause,
    prack,
    reply,
    request,
    rings_until_cancelled,
    sdp,
)

WIDEBAND_ANSWER = ("m=audio 41000 RTP/AVP 9 0 101", "a=rtpmap:101 telephone-event/8000")
GIVES_UP_WHILE_IT_RINGS = [
    invite(),
    hear(100, optional=True),
    hear(180),
    pause(300),
    cancel(),
    hear(200),
    hear(487),
    ack_failure(),
]


def call(
    node: Node, sipp: Sipps, line_side: Sequence[str], caller_side: Sequence[str]
) -> tuple[str, Sipp, Sipp]:
    """Return (number, line, caller) after a call between the two sides went as both say."""
    number, (line,) = business(node)
    callee = sipp.line(line, line_side)
    caller = sipp.caller(number, caller_side).finish()
    return number, callee.finish(), caller


def test_a_caller_who_gives_up_stops_the_ringing(node: Node, sipp: Sipps) -> None:
    number, _, caller = call(node, sipp, rings_until_cancelled(), GIVES_UP_WHILE_IT_RINGS)
    record = node.the_call(number).record
    assert (record.reason, record.status, record.cause) == ("abandoned", 487, 31)
    assert [leg.status for leg in record.facts.legs] == [487]
    assert "cause=31" in caller.final()["Reason"]


def test_an_answer_that_crosses_the_cancel_is_released(node: Node, sipp: Sipps) -> None:
    number, _, _ = call(node, sipp, crosses_cancel(), GIVES_UP_WHILE_IT_RINGS)
    record = node.the_call(number).record
    assert (record.reason, record.answered_at_ms) == ("abandoned", None)


def test_a_line_that_hangs_up_releases_the_caller(node: Node, sipp: Sipps) -> None:
    line_side = [*answers()[:-2], pause(500), line_bye(), hear(200)]
    caller_side = [invite(), *ANSWERED, await_request("BYE"), ok()]
    number, _, _ = call(node, sipp, line_side, caller_side)
    record = node.the_call(number).record
    assert (record.reason, record.released_by) == ("ok", "callee")
    assert 400 <= record.conversation_ms <= 2000


def test_repeated_messages_make_one_call_and_one_record(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers(300))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind((node.network.carrier, 0))
        caller.settimeout(5)
        say_twice(node, caller, number, "INVITE")
        answer = hear_until(caller, b"SIP/2.0 200 ", b" INVITE")
        to_tag = answer.partition(b"\r\nTo: ")[2].partition(b"\r\n")[0].partition(b";")[2].decode()
        say_twice(node, caller, number, "ACK", f";{to_tag}")
        say_twice(node, caller, number, "INVITE")
        wait_until(lambda: callee.requests("ACK"), "the line talks")
        say_twice(node, caller, number, "BYE", f";{to_tag}")
        hear_until(caller, b"SIP/2.0 200 ", b" BYE")
        hear_until(caller, b"SIP/2.0 200 ", b" BYE")
    callee.finish()
    assert len({message["Via"] for message in callee.requests("INVITE")}) == 1
    assert len({message["Via"] for message in callee.requests("BYE")}) == 1
    record = node.the_call(number).record
    assert record.is_confirmed
    assert len(record.facts.legs) == 1


def say_twice(
    node: Node, caller: socket.socket, number: str, method: str, to_tag: str = "", call_id: str = ""
) -> None:
    """Send a request of a call twice, byte for byte the same."""
    (host, port), here = caller.getsockname(), node.network.chakka
    body = sdp(*G711_OFFER).replace("\n", "\r\n").replace("[local_ip]", host) + "\r\n"
    body = body if method == "INVITE" else ""
    text = (
        f"{method} sip:{number}@{here} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}{method}\r\n"
        f"From: <sip:{FIXED_CALLER}@{host}>;tag=1\r\nTo: <sip:{number}@{here}>{to_tag}\r\n"
        f"Call-ID: {call_id or number}\r\n"
        f"CSeq: {2 if method == 'BYE' else 1} {method}\r\nMax-Forwards: 70\r\n"
        f"Contact: <sip:caller@{host}:{port}>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    for _ in range(2):
        caller.sendto(text.encode(), (here, SIP_PORT))


def hear_until(caller: socket.socket, start: bytes, method: bytes) -> bytes:
    """Return the next datagram that begins like this and answers this method."""
    while True:
        data = caller.recv(4096)
        if data.startswith(start) and method in data.partition(b"\r\nCSeq: ")[2].partition(b"\r\n")[0]:
            return data


def test_a_forged_bye_ends_no_call(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    caller = sipp.caller(number, [invite(), *ANSWERED, pause(1500), *HANGS_UP])
    wait_until(lambda: callee.requests("ACK"), "the call is up")
    call_id = next(message["Call-ID"] for message in caller.sent())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind((node.network.carrier, 0))
        forger.settimeout(2)
        say_twice(node, forger, number, "BYE", ";tag=guessed", call_id)
        assert forger.recv(4096).startswith(b"SIP/2.0 481 ")
        say_twice(node, forger, number, "CANCEL", "", call_id)
        assert hear_until(forger, b"SIP/2.0 481 ", b" CANCEL")
    caller.finish()
    callee.finish()
    assert node.the_call(number).record.conversation_ms >= 1400


def test_a_late_bye_finds_no_call(node: Node, sipp: Sipps) -> None:
    caller_side = [invite(), *ANSWERED, *HANGS_UP, pause(200), bye(3), hear(481)]
    number, _, _ = call(node, sipp, answers(), caller_side)
    assert node.the_call(number).record.released_by == "caller"


def test_hold_passes_through(node: Node, sipp: Sipps) -> None:
    held, holding = sdp(*G711_ANSWER, "a=recvonly"), sdp(*G711_OFFER, "a=sendonly")
    hold = request("INVITE", 2, body=holding)
    resume = request("INVITE", 3, body=sdp(*G711_OFFER))
    line_side = [
        *answers()[:-2],
        *(await_request("INVITE"), ok(body=held), await_request("ACK")),
        *(await_request("INVITE"), ok(body=sdp(*G711_ANSWER)), await_request("ACK")),
        *(await_request("BYE"), ok()),
    ]
    caller_side = [
        *(invite(), *ANSWERED),
        *(hold, hear(100, optional=True), hear(200), request("ACK", 2, branch="ack2"), pause(200)),
        *(resume, hear(100, optional=True), hear(200), request("ACK", 3, branch="ack3")),
        *(bye(4), hear(200)),
    ]
    number, callee, caller = call(node, sipp, line_side, caller_side)
    offers = list({message["CSeq"]: message.body for message in callee.requests("INVITE")}.values())
    assert ["a=sendonly" in offer for offer in offers] == [False, True, False]
    answered = {m["CSeq"]: m.body for m in caller.received() if m.status == 200 and m.body}
    assert ["a=recvonly" in answer for answer in answered.values()] == [False, True, False]
    assert node.the_call(number).record.released_by == "caller"


def test_a_refused_hold_leaves_the_call_as_it_is(node: Node, sipp: Sipps) -> None:
    refused = reply(488, "Not Acceptable Here", repeats=True).replace(
        "[last_To:];tag=[pid]l[call_number]", "[last_To:]"
    )
    line_side = [
        *answers()[:-2],
        await_request("INVITE"),
        refused,
        await_request("ACK"),
        await_request("BYE"),
        ok(),
    ]
    hold = request("INVITE", 2, body=sdp(*G711_OFFER, "a=sendonly"))
    refusal = [hear(100, optional=True), hear(488), request("ACK", 2, branch="INVITE2")]
    number, _, _ = call(node, sipp, line_side, [invite(), *ANSWERED, hold, *refusal, bye(3), hear(200)])
    assert node.the_call(number).record.is_confirmed


def test_wideband_and_video_are_stripped_from_a_voice_call(node: Node, sipp: Sipps) -> None:
    both = (
        *("m=audio 40000 RTP/AVP 96 9 0 8", "a=rtpmap:96 AMR-WB/16000"),
        *("m=video 40002 RTP/AVP 97", "a=rtpmap:97 H264/90000"),
    )
    answer = ("m=audio 41000 RTP/AVP 0", "m=video 0 RTP/AVP 97")
    line_side = [part.replace(sdp(*G711_ANSWER), sdp(*answer)) for part in answers()]
    number, callee, caller = call(node, sipp, line_side, [invite(offer=both), *ANSWERED, *HANGS_UP])
    offered = callee.requests("INVITE")[0].body
    assert "m=audio 40000 RTP/AVP 0 8" in offered
    assert "m=video 0 RTP/AVP" in offered
    assert "AMR-WB" not in offered and "H264" not in offered
    assert "m=video 0 RTP/AVP" in caller.final().body
    assert node.the_call(number).record.reason == "ok"


def test_the_answer_repeats_the_early_media_of_its_dialog(node: Node, sipp: Sipps) -> None:
    early = reply(183, "Session Progress", body=sdp(*WIDEBAND_ANSWER))
    line_side = [part.replace(reply(180, "Ringing"), early) for part in answers(300)]
    _, _, caller = call(node, sipp, line_side, [invite(), *ANSWERED, *HANGS_UP])
    progress = next(message for message in caller.received() if message.status == 183)
    assert "m=audio 41000 RTP/AVP 0 101" in progress.body
    assert progress["Require"] == ""
    assert (caller.final().body, caller.final()["To"]) == (progress.body, progress["To"])


def test_early_media_is_sent_reliably_to_a_caller_that_can(node: Node, sipp: Sipps) -> None:
    early = reply(183, "Session Progress", body=sdp(*G711_ANSWER))
    line_side = [part.replace(reply(180, "Ringing"), early) for part in answers(300)]
    invited = invite(headers=("Supported: 100rel",))
    reliably = [hear(100, optional=True), hear_reliable(183), prack(), hear(200), hear(200)]
    caller_side = [invited, *reliably, ack(), bye(3), hear(200)]
    number, _, caller = call(node, sipp, line_side, caller_side)
    progress = next(message for message in caller.received() if message.status == 183)
    assert progress["Require"] == "100rel"
    assert node.the_call(number).record.is_confirmed


def test_a_trunk_that_takes_one_early_dialog_gets_180_without_sdp(node: Node, sipp: Sipps) -> None:
    early = reply(183, "Session Progress", body=sdp(*G711_ANSWER))
    line_side = [part.replace(reply(180, "Ringing"), early) for part in answers(200)]
    number, (line,) = business(node)
    callee = sipp.line(line, line_side)
    caller_side = [invite(), *ANSWERED, *HANGS_UP]
    caller = sipp.caller(number, caller_side, host=node.network.plain_carrier).finish()
    callee.finish()
    assert caller.statuses() == [100, 180, 200]
    assert not next(message for message in caller.received() if message.status == 180).body
    assert caller.final().body


def test_a_caller_without_an_offer_gets_the_lines(node: Node, sipp: Sipps) -> None:
    offer = sdp("m=audio 41000 RTP/AVP 9 0 8 101", "a=rtpmap:101 telephone-event/8000")
    line_side = [part.replace(sdp(*G711_ANSWER), offer) for part in answers()]
    caller_side = [invite(offer=()), *ANSWERED[:-1], ack(body=sdp(*G711_OFFER)), pause(200), *HANGS_UP]
    number, callee, caller = call(node, sipp, line_side, caller_side)
    assert not callee.requests("INVITE")[0].body
    assert "m=audio 41000 RTP/AVP 0 8 101" in caller.final().body
    assert "m=audio 40000 RTP/AVP" in callee.requests("ACK")[0].body
    assert node.the_call(number).record.is_confirmed


def test_a_caller_who_never_acknowledges_pays_nothing_and_blocks_nothing(node: Node, sipp: Sipps) -> None:
    caller_side = [invite(), *ANSWERED[:-1], await_request("BYE"), ok()]
    number, _, _ = call(node, sipp, answers(), caller_side)
    ended = node.the_call(number)
    assert not ended.record.is_confirmed
    assert (ended.rated.units, ended.rated.amount_uy) == (0, 0)
    assert ended.record.conversation_ms < (NO_ACK_S + 2) * 1000


def test_no_hop_left_is_told_so(node: Node, sipp: Sipps) -> None:
    number, (line,) = business(node)
    untouched = sipp.line(line, answers())
    steps = [part.replace("Max-Forwards: 70", "Max-Forwards: 0") for part in is_refused(483)]
    sipp.caller(number, steps).finish()
    assert untouched.was_never_called()
