"""Lines that register, have several addresses, fall silent or want credentials (signalling.md §3, R4.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import pytest
from exchange import CALLER, FIRST_LINE, FREEPHONE, OFFER, PLANE, SECOND_LINE, STRANGER, Exchange, Telephone
from network import user_agent
from routing_contracts import OSAKA, TOKYO, contract, overflow, to
from telephone_registering import register

from chakka.callplane import bindings
from chakka.config import Address, LineAddress, Trunk
from chakka.contract.model import Contract
from chakka.records.model import RegistrationSet
from chakka.routing.decision import Reason
from chakka.sip import digest, digest_client, digest_server, events
from chakka.sip.agent import Outgoing
from chakka.sip.call_incoming import IncomingCall
from chakka.sip.call_outgoing import OutgoingRequest
from chakka.sip.digest import Algorithm, Credentials
from chakka.sip.message import Response, parse, respond

SHOP = Credentials(username="shop", realm="chakka", password="himitsu")
REGISTERING = LineAddress(number=TOKYO, register=True, user="shop", password="himitsu")
AT_FIRST = f"sip:{TOKYO}@192.0.2.21:5060"
AT_SECOND = f"sip:{TOKYO}@192.0.2.22:5060"
TWO_ADDRESSES = LineAddress(number=TOKYO, address=AT_FIRST, more_addresses=(AT_SECOND,))
OSAKA_AT_SECOND = LineAddress(number=OSAKA, address=f"sip:{OSAKA}@192.0.2.22:5060")
ONE_LINE = contract(to(TOKYO))
TWO_LINES = contract(overflow(TOKYO, OSAKA))


@dataclass
class Server(Telephone):
    """A line's own server. asks: the realm in which it wants to know who calls; trusts: whom it knows."""

    asks: str = ""
    trusts: bool = True
    given: list[str] = field(default_factory=list)


class Office(Exchange):
    """An exchange whose telephones register and answer OPTIONS."""

    def __init__(self, *contracts: Contract, lines: tuple[LineAddress, ...], **settings: object) -> None:
        self.ended: list[events.RequestEnded] = []
        super().__init__(*contracts, lines={line.number: line for line in lines}, **settings)

    def sign_in(self, *contacts: str, expires: int = 3600, credentials: Credentials = SHOP) -> list[int]:
        """Register a line from the first address as a telephone does; return the statuses that came."""
        agent = self.network.agents[FIRST_LINE]
        asked = Outgoing(
            request_uri="sip:192.0.2.9",
            destination=PLANE,
            from_=f"<sip:{TOKYO}@192.0.2.9>",
            to=f"<sip:{TOKYO}@192.0.2.9>",
            headers=(
                *(("Contact", contact) for contact in contacts or (f"<{AT_FIRST}>",)),
                ("Expires", str(expires)),
            ),
        )
        request = agent.request("REGISTER", asked, self.network.now)
        challenged = self._ended_by(request)
        assert challenged is not None
        credentials_line = digest_client.answers(
            challenged, [credentials], "REGISTER", asked.request_uri, lambda: "c"
        )
        again = asked._replace(headers=(*asked.headers, *credentials_line))
        request.send(again, self.network.now)
        response = self._ended_by(request)
        return [one.status for one in (challenged, response) if one is not None]

    def _ended_by(self, request: OutgoingRequest) -> Response | None:
        self.ended.clear()
        self.run(0.2)
        return next((event.response for event in self.ended if event.request is request), None)

    def _on_event(self, where: Address, event: events.Event) -> None:
        if isinstance(event, events.RequestEnded) and where != PLANE:
            self.ended.append(event)
        telephone = self.telephones.get(where)
        if isinstance(event, events.OtherRequest) and telephone is not None:
            if not telephone.is_dead:
                agent = self.network.agents[where]
                agent.respond(event.transaction, respond(event.request, 200), self.network.now)
            return
        super()._on_event(where, event)

    def _ring(self, telephone: Telephone, call: IncomingCall, offered: bytes, now: float) -> None:
        if isinstance(telephone, Server) and telephone.asks:
            given = call.request.headers.get("Authorization") if call.request else None
            telephone.given += [given] if given else []
            if given is None or not telephone.trusts:
                lines = digest_server.challenge(telephone.asks, "n", Algorithm, stale=False)
                call.reject(now, 401, headers=tuple(("WWW-Authenticate", line) for line in lines))
                return
        super()._ring(telephone, call, offered, now)

    @property
    def legs(self) -> list[tuple[str, str, int]]:
        return [(leg.destination, leg.address, leg.status) for leg in self.record.facts.legs]


# -- registered lines


def test_a_telephone_that_registers_is_rung() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    assert office.sign_in("<sip:desk@192.0.2.21:5060>") == [401, 200]
    office.dial()
    office.run(5)
    assert len(office.answers) == 1
    (invite,) = office.invites(FIRST_LINE)
    assert invite.uri == "sip:desk@192.0.2.21:5060"


def test_watchers_hear_who_comes_and_goes_but_not_of_refreshes() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    for contact, expires in (("<sip:a@192.0.2.21>", 600), ("<sip:a@192.0.2.21>", 600), ("*", 0)):
        office.sign_in(contact, expires=expires)
    seen = [one["telephones"] for one in office.plane.shown if one["kind"] == "registered"]
    assert seen == [1, 0]


def test_a_telephone_that_is_not_refreshed_is_forgotten() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in(expires=60)
    office.run(125)
    assert [one["telephones"] for one in office.plane.shown if one["kind"] == "registered"] == [1, 0]
    office.dial()
    office.run(3)
    assert office.record.reason is Reason.UNREACHABLE


def test_a_line_where_nobody_registered_is_unreachable() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.dial()
    office.run(5)
    assert (office.record.reason, office.record.status, office.record.cause) == (Reason.UNREACHABLE, 480, 20)
    assert office.legs == [(TOKYO, "", 404)]


def test_a_telephone_that_signed_out_is_rung_no_more() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in()
    assert office.sign_in("*", expires=0) == [401, 200]
    office.dial()
    office.run(5)
    assert office.record.reason is Reason.UNREACHABLE


def test_a_telephone_with_a_wrong_password_is_not_registered() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    assert office.sign_in(credentials=msgspec.structs.replace(SHOP, password="x")) == [401, 401]


def test_two_telephones_of_a_line_are_tried_by_their_preference() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in("<sip:second@192.0.2.21>;q=0.2", "<sip:first@192.0.2.21>;q=0.8")
    office.telephones[FIRST_LINE] = Telephone(rings=False, refuses=480)
    office.dial()
    office.run(5)
    assert [leg[1] for leg in office.legs] == ["sip:first@192.0.2.21", "sip:second@192.0.2.21"]


def test_a_restart_does_not_sign_anybody_out() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in()
    kept = [bindings.decode(change.octets) for change in office.plane.kept]  # type: ignore[union-attr]
    office.restart()
    office.plane.plane.load(list(kept[-1]), office.plane.at(office.network.now))
    office.dial()
    office.run(5)
    assert len(office.answers) == 1


def test_a_stranger_that_registers_gets_one_answer_each_time() -> None:
    """reliability.md §1: strangers' REGISTER get one stateless answer or none."""
    office = Office(ONE_LINE, lines=(REGISTERING,))
    packet = register().to_bytes()
    for _ in range(3):
        office.plane.receive(packet, STRANGER, office.network.now)
        answers = [parse(data) for data, to in office.plane.take_datagrams() if to == STRANGER]
        assert [one.status for one in answers if isinstance(one, Response)] == [401]
    assert office.plane.plane.agent.next_timer() is None


def test_a_register_that_is_repeated_gets_the_same_answer_and_is_not_stale() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in()
    *_, signed = [data for _, source, _, data in office.network.sent if source == FIRST_LINE]
    before = len(office.network.sent)
    office.network.agents[FIRST_LINE]._core.send(signed, PLANE)
    office.run(0.2)
    answers = [parse(data) for _, _, to, data in office.network.sent[before:] if to == FIRST_LINE]
    assert [one.status for one in answers if isinstance(one, Response)] == [200]


# -- several addresses (R4.2: no route, transport error, no 1xx within 4 s)


def test_r4_2_the_next_address_of_a_line_is_tried_when_one_is_silent() -> None:
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,))
    office.network.keep = lambda source, to, data: to != FIRST_LINE
    office.dial()
    office.run(3.8)
    assert not office.answers
    office.run(2)
    assert len(office.answers) == 1
    office.calls[0].bye(office.network.now)
    office.run(1)
    assert office.legs == [(TOKYO, AT_FIRST, 408), (TOKYO, AT_SECOND, 200)]


@pytest.mark.parametrize("status", [404, 408, 480, 500, 503])
def test_r4_2_the_next_address_is_tried_when_one_refuses_before_ringing(status: int) -> None:
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,))
    office.telephones[FIRST_LINE] = Telephone(rings=False, refuses=status)
    office.dial()
    office.run(3)
    assert [leg[1:] for leg in office.legs] == [(AT_FIRST, status), (AT_SECOND, 200)]


def test_a_busy_line_is_not_tried_at_its_other_address() -> None:
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,))
    office.telephones[FIRST_LINE] = Telephone(rings=False, refuses=486)
    office.dial()
    office.run(3)
    assert office.record.reason is Reason.ALL_BUSY
    assert office.legs == [(TOKYO, AT_FIRST, 486)]


def test_r4_2_overflow_goes_on_after_the_last_address_of_a_line() -> None:
    office = Office(TWO_LINES, lines=(TWO_ADDRESSES, OSAKA_AT_SECOND))
    office.telephones[FIRST_LINE] = Telephone(rings=False, refuses=503)
    office.telephones[SECOND_LINE] = Telephone(rings=False, refuses=503)
    office.dial()
    office.run(3)
    assert [leg[0] for leg in office.legs] == [TOKYO, TOKYO, OSAKA]
    assert office.record.reason is Reason.UNREACHABLE


def test_a_caller_that_gives_up_between_addresses_is_released() -> None:
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,))
    office.network.keep = lambda source, to, data: to not in (FIRST_LINE, SECOND_LINE)
    office.dial()
    office.run(5)
    office.calls[0].cancel(office.network.now)
    office.run(1)
    assert office.record.reason is Reason.ABANDONED
    assert not office.plane.plane.calls


# -- who is there


def test_an_address_that_answers_no_options_is_not_tried_while_another_is_there() -> None:
    office = Office(ONE_LINE, lines=(msgspec.structs.replace(TWO_ADDRESSES, keepalive=True),))
    office.telephones[FIRST_LINE] = Telephone(is_dead=True)
    office.run(75)
    assert [(one["kind"], one["host"]) for one in office.plane.shown] == [("unreachable", "192.0.2.21")]
    office.dial()
    office.run(3)
    assert [leg[1:] for leg in office.legs] == [(AT_SECOND, 200)]


def test_r4_2_a_silent_line_is_passed_over_when_the_next_one_is_there() -> None:
    """R4.2: no route is unreachable at once, not after 4 s."""
    silent = LineAddress(number=TOKYO, address=AT_FIRST, keepalive=True)
    office = Office(TWO_LINES, lines=(silent, OSAKA_AT_SECOND))
    office.telephones[FIRST_LINE] = Telephone(is_dead=True)
    office.run(75)
    office.dial()
    office.run(2)
    assert len(office.answers) == 1
    assert office.legs[0] == (TOKYO, AT_FIRST, 480)
    assert not office.invites(FIRST_LINE)


def test_a_silent_line_is_tried_all_the_same_when_nothing_else_is_left() -> None:
    silent = LineAddress(number=TOKYO, address=AT_FIRST, keepalive=True)
    office = Office(ONE_LINE, lines=(silent,))
    office.telephones[FIRST_LINE] = Telephone(is_dead=True)
    office.run(75)
    office.telephones[FIRST_LINE] = Telephone()
    office.dial()
    office.run(3)
    assert len(office.answers) == 1


def test_an_address_that_answers_again_is_tried_again() -> None:
    office = Office(ONE_LINE, lines=(msgspec.structs.replace(TWO_ADDRESSES, keepalive=True),))
    office.telephones[FIRST_LINE] = Telephone(is_dead=True)
    office.run(75)
    office.telephones[FIRST_LINE] = Telephone()
    office.run(35)
    assert [one["kind"] for one in office.plane.shown] == ["unreachable", "reachable"]
    office.dial()
    office.run(3)
    assert [leg[1:] for leg in office.legs] == [(AT_FIRST, 200)]


def test_a_registered_telephone_is_asked_whether_it_is_there() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in()
    office.run(65)
    asked = [
        data for _, _, to, data in office.network.sent if to == FIRST_LINE and data.startswith(b"OPTIONS ")
    ]
    assert len(asked) == 2


def test_lines_without_keepalive_are_left_in_peace() -> None:
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,))
    office.run(100)
    assert not office.network.sent


# -- credentials


def test_a_line_that_asks_in_its_configured_realm_gets_our_credentials() -> None:
    line = LineAddress(number=TOKYO, address=AT_FIRST, user="us", password="p", realm="pbx")
    office = Office(ONE_LINE, lines=(line,))
    server = Server(asks="pbx")
    office.telephones[FIRST_LINE] = server
    office.dial()
    office.run(3)
    assert len(office.answers) == 1
    (given,) = server.given
    read = digest.parse_authorization(given)
    assert read is not None
    assert digest_server.is_right(read, "INVITE", Credentials(username="us", realm="pbx", password="p"))
    assert office.legs == [(TOKYO, AT_FIRST, 200)]


@pytest.mark.parametrize("realm", ["", "other"])
def test_a_line_that_asks_in_another_realm_gets_nothing(realm: str) -> None:
    """reliability.md §1: no answer to any challenge unless (peer, realm) is configured."""
    known = {"user": "us", "password": "p", "realm": realm} if realm else {}
    office = Office(ONE_LINE, lines=(LineAddress(number=TOKYO, address=AT_FIRST, **known),))
    server = Server(asks="pbx")
    office.telephones[FIRST_LINE] = server
    office.dial()
    office.run(3)
    assert (server.given, len(office.invites(FIRST_LINE))) == ([], 1)
    assert office.record.reason is Reason.UNREACHABLE


def test_a_line_that_refuses_our_credentials_is_asked_no_third_time() -> None:
    line = LineAddress(number=TOKYO, address=AT_FIRST, user="us", password="p", realm="pbx")
    office = Office(ONE_LINE, lines=(line,))
    office.telephones[FIRST_LINE] = Server(asks="pbx", trusts=False)
    office.dial()
    office.run(3)
    assert len(office.invites(FIRST_LINE)) == 2
    assert office.record.reason is Reason.UNREACHABLE


PBX = Trunk(name="pbx", peer_user="pbx", peer_password="p", trusted=True)


def called_from_abroad(password: str, **settings: object) -> tuple[Office, list[events.Event]]:
    """Call from an address of no trunk, answering one challenge."""
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,), **settings)
    office.network.agents[STRANGER] = agent = user_agent("abroad", STRANGER)
    uri = f"sip:{FREEPHONE}@192.0.2.9"
    outgoing = Outgoing(
        request_uri=uri, destination=PLANE, from_="<sip:0422511234@pbx>", to=f"<{uri}>", body=OFFER
    )
    call = agent.invite(outgoing, office.network.now)
    office.run(0.5)
    failed = [event for where, event in office.network.events if where == STRANGER]
    if isinstance(failed[-1], events.Failed) and failed[-1].response is not None:
        known = Credentials(username="pbx", realm="chakka", password=password)
        lines = digest_client.answers(failed[-1].response, [known], "INVITE", uri, lambda: "c")
        if lines:
            call.again(office.network.now, lines)
            office.run(5)
    return office, [event for where, event in office.network.events if where == STRANGER]


def test_a_trunk_with_a_password_calls_from_anywhere() -> None:
    office, seen = called_from_abroad("p", trunks=(PBX,))
    assert isinstance(seen[0], events.Failed)
    assert seen[0].status == 401
    assert any(isinstance(event, events.Answered) for event in seen)
    assert [record.facts.attempt.trunk for record in office.records] == ["pbx"]


def test_a_stranger_with_a_wrong_password_gets_nowhere_and_leaves_no_record() -> None:
    office, seen = called_from_abroad("wrong", trunks=(PBX,))
    assert [event.status for event in seen if isinstance(event, events.Failed)] == [401, 401]
    assert office.records == []


def test_a_trunk_with_addresses_cannot_call_from_elsewhere_even_with_its_password() -> None:
    fixed = Trunk(name="pbx", hosts=("192.0.2.77",), peer_user="pbx", peer_password="p")
    office, seen = called_from_abroad("p", trunks=(fixed,))
    assert [event.status for event in seen if isinstance(event, events.Failed)] == [401, 403]
    assert office.records == []


def test_where_no_trunk_has_a_password_strangers_are_not_even_asked() -> None:
    office, seen = called_from_abroad("p")
    assert [event.status for event in seen if isinstance(event, events.Failed)] == [403]
    assert office.records == []


def test_a_trunk_with_address_and_password_needs_both() -> None:
    both = Trunk(name="carrier", hosts=(CALLER[0],), peer_user="carrier", peer_password="p")
    office = Office(ONE_LINE, lines=(TWO_ADDRESSES,), trunks=(both,))
    office.dial()
    assert [failed.status for failed in office.refusals] == [401]


def journalled(office: Office) -> list[tuple[str, ...]]:
    """Return what the journal says of the line: its contacts, change by change."""
    written = (entry for entry in office.plane.disk.written if isinstance(entry, RegistrationSet))
    return [tuple(one.contact for one in bindings.decode(entry.octets)) for entry in written]


def test_every_change_of_a_registration_is_journalled_and_a_mere_refresh_is_not() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in()
    office.sign_in()
    assert journalled(office) == [(AT_FIRST,)]
    office.sign_in(f"<{AT_SECOND}>")
    assert sorted(journalled(office)[-1]) == [AT_FIRST, AT_SECOND]
    office.sign_in("*", expires=0)
    assert journalled(office)[-1] == ()
    assert len(journalled(office)) == 3


def test_a_registration_that_ends_by_itself_is_journalled() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    office.sign_in(expires=60)
    office.run(130.0)
    assert journalled(office) == [(AT_FIRST,), ()]


def test_a_telephone_that_guesses_too_often_gets_503_and_is_counted() -> None:
    office = Office(ONE_LINE, lines=(REGISTERING,))
    wrong = msgspec.structs.replace(SHOP, password="x")
    tries = [office.sign_in(credentials=wrong)[-1] for _ in range(31)]
    assert tries == [401] * 30 + [503]
    assert office.plane.plane.agent.counts["too many wrong passwords"] == 1
