"""The registrar: RFC 3261 §10.3, digest of RFC 7616 and 8760, contacts behind NAT, restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telephone_registering import (
    HERE,
    LINE,
    OTHER_LINE,
    STRANGE_LINE,
    TELEPHONE,
    at,
    config,
    register,
    with_credentials,
)

from chakka.callplane import bindings
from chakka.callplane.bindings import Binding, LineTarget
from chakka.callplane.credentials import Authentication, Reply
from chakka.callplane.instant import Instant
from chakka.callplane.registrar import Changed, Registrar
from chakka.config import AuthSettings, Config, LineAddress, RegistrarSettings
from chakka.errors import InputError
from chakka.sip.address import Address, Flow
from chakka.sip.digest import Algorithm
from chakka.sip.message import Request, respond

SECRET = b"0123456789abcdef"
ELSEWHERE = ("192.0.2.32", 5070)


class Office:
    """A registrar and telephones that know their password."""

    def __init__(self, settings: Config | None = None) -> None:
        self.config = settings or config()
        self.registrar = Registrar(self.config, Authentication(self.config, SECRET))
        self.registrar.load([], at(0))

    def ask(self, request: Request, source: Address = TELEPHONE, seconds: float = 0) -> Reply:
        return self.registrar.register(request, source, at(seconds))[0]

    def sign(
        self, request: Request, source: Address = TELEPHONE, seconds: float = 0, **who: str
    ) -> tuple[Reply, Changed | None]:
        """Register as a telephone does: once without credentials, once with."""
        challenged = self.ask(request, source, seconds)
        assert challenged.status == 401
        again = with_credentials(request, challenged.headers, **who)
        return self.registrar.register(again, source, at(seconds))

    def put(self, *contacts: str, seconds: float = 0, **details: object) -> Reply:
        return self.sign(register(*contacts, **details), seconds=seconds)[0]  # type: ignore[arg-type]

    def contacts(self, seconds: float = 0, number: str = LINE) -> list[str]:
        return [one.contact for one in self.registrar.bindings(number, at(seconds))]

    def addresses(self, number: str = LINE) -> list[LineTarget]:
        return self.registrar.addresses(number, at(0))


def listed(reply: Reply) -> list[str]:
    return [value for name, value in reply.headers if name == "Contact"]


# -- who may


def test_a_stranger_gets_one_challenge_for_each_algorithm() -> None:
    reply = Office().ask(register(HERE))
    assert reply.status == 401
    assert [line.split("algorithm=")[1].split(",")[0] for _, line in reply.headers] == ["SHA-256", "MD5"]


def test_an_algorithm_that_is_not_offered_is_not_accepted() -> None:
    office = Office(config(auth=AuthSettings(algorithms=(Algorithm.MD5,))))
    request = register(HERE)
    offered = office.ask(request)
    assert len(offered.headers) == 1
    assert office.ask(with_credentials(request, offered.headers)).status == 200
    stronger = [(name, line.replace("MD5", "SHA-256")) for name, line in offered.headers]
    assert office.ask(with_credentials(request, stronger, uses=2)).status == 401


def test_a_challenge_is_no_amplifier() -> None:
    """reliability.md §1: never more than three times the bytes that came."""
    request = register(lines=())
    reply = Office().ask(request)
    response = respond(request, reply.status, to_tag="0123456789abcdef", headers=reply.headers)
    assert len(response.to_bytes()) < 3 * len(request.to_bytes())


def test_a_telephone_with_the_password_is_registered() -> None:
    office = Office()
    reply, changed = office.sign(register(HERE))
    assert reply.status == 200
    assert listed(reply) == [f"{HERE};expires=3600"]
    assert changed is not None
    assert (changed.number, len(changed.bindings)) == (LINE, 1)
    assert office.addresses() == [LineTarget(f"sip:{LINE}@192.0.2.31:5060", TELEPHONE)]


@pytest.mark.parametrize("who", [{"password": "wrong"}, {"user": "nobody"}, {"user": ""}])
def test_wrong_passwords_and_unknown_users_are_told_the_same(who: dict[str, str]) -> None:
    reply, changed = Office().sign(register(HERE), **who)
    assert (reply.status, changed) == (401, None)
    assert not any("stale" in line for _, line in reply.headers)


@pytest.mark.parametrize("number", [STRANGE_LINE, "0359999999", "nobody", ""])
def test_a_number_that_is_not_the_users_is_forbidden_whether_it_exists_or_not(number: str) -> None:
    request = register(HERE, number=number or "x")
    assert Office().sign(request) == (Reply(403), None)


def test_a_user_may_register_each_of_its_lines_and_write_them_internationally() -> None:
    office = Office()
    assert office.put(HERE, number=OTHER_LINE).status == 200
    assert office.put(HERE, number="+81352001234").status == 200
    assert office.contacts() == office.contacts(number=OTHER_LINE)


def test_credentials_that_cannot_be_read_are_refused() -> None:
    assert Office().ask(register(HERE, lines=["Authorization: Digest username="])).status == 400


def test_a_repeated_answer_is_stale_and_the_new_nonce_serves() -> None:
    office = Office()
    request = register(HERE)
    challenged = office.ask(request)
    first = with_credentials(request, challenged.headers)
    assert office.ask(first).status == 200
    replayed = office.ask(first)
    assert replayed.status == 401
    assert all("stale=true" in line for _, line in replayed.headers)
    assert office.ask(with_credentials(request, replayed.headers)).status in (200, 500)


def test_a_nonce_is_used_again_with_a_growing_count() -> None:
    office = Office()
    request = register(HERE, call_id="one")
    challenged = office.ask(request)
    for cseq in (2, 3, 4):
        again = with_credentials(register(HERE, call_id="one", cseq=cseq), challenged.headers, uses=cseq)
        assert office.ask(again).status == 200


def test_an_answer_overheard_serves_nobody_at_another_host() -> None:
    office = Office()
    request = register(HERE)
    signed = with_credentials(request, office.ask(request).headers)
    assert office.ask(signed, ("192.0.2.66", 5060)).status == 401
    assert office.contacts() == []


def test_credentials_for_another_target_do_not_serve() -> None:
    office = Office()
    request = register(HERE)
    signed = with_credentials(request, office.ask(request).headers)
    signed.uri = "sip:192.0.2.8"
    assert office.ask(signed).status == 401


# -- what is registered (RFC 3261 §10.3)


def test_a_registration_ends_by_itself() -> None:
    office = Office()
    office.put(f"{HERE};expires=60")
    assert office.contacts(59.9)
    assert not office.contacts(60)


def test_a_refresh_prolongs_it() -> None:
    office = Office()
    office.put(f"{HERE};expires=60")
    office.put(f"{HERE};expires=60", seconds=50)
    assert office.contacts(100)


def test_expires_of_a_contact_wins_over_the_header() -> None:
    reply = Office().put(f"{HERE};expires=120", lines=["Expires: 600"])
    assert listed(reply) == [f"{HERE};expires=120"]


def test_an_expiry_that_is_too_brief_is_refused_with_the_least() -> None:
    office = Office()
    reply = office.put(f"{HERE};expires=59")
    assert (reply.status, reply.headers) == (423, (("Min-Expires", "60"),))
    assert not office.contacts()


def test_an_expiry_that_is_too_long_is_cut() -> None:
    assert listed(Office().put(HERE, lines=["Expires: 999999999999"])) == [f"{HERE};expires=3600"]


def test_an_expiry_that_cannot_be_read_counts_as_an_hour() -> None:
    assert listed(Office().put(HERE, lines=["Expires: soon"])) == [f"{HERE};expires=3600"]


def test_an_expiry_of_zero_removes_that_contact_alone() -> None:
    office = Office()
    office.put(HERE, "<sip:b@192.0.2.31>")
    assert office.put(f"{HERE};expires=0").status == 200
    assert office.contacts() == ["sip:b@192.0.2.31"]


def test_a_star_removes_all() -> None:
    office = Office()
    office.put(HERE, "<sip:b@192.0.2.31>")
    reply, changed = office.sign(register("*", lines=["Expires: 0"]))
    assert (reply.status, listed(reply)) == (200, [])
    assert changed == Changed(LINE, ())
    assert office.addresses() == []


@pytest.mark.parametrize(("contacts", "expires"), [(("*",), 60), (("*", HERE), 0), ((HERE, "*"), 0)])
def test_a_star_stands_alone_and_with_zero(contacts: tuple[str, ...], expires: int) -> None:
    assert Office().put(*contacts, lines=[f"Expires: {expires}"]).status == 400


def test_a_star_without_expires_is_refused() -> None:
    assert Office().put("*").status == 400


def test_without_a_contact_it_only_asks() -> None:
    office = Office()
    office.put(f"{HERE};expires=100")
    reply, changed = office.sign(register(), seconds=30)
    assert (listed(reply), changed) == ([f"{HERE};expires=70"], None)


def test_contacts_are_tried_by_their_preference_and_then_the_newest_first() -> None:
    office = Office()
    office.put("<sip:a@192.0.2.31>;q=0.5", "<sip:b@192.0.2.31>;q=0.9")
    office.put("<sip:c@192.0.2.31>;q=0.5", seconds=5)
    office.put("<sip:d@192.0.2.31>;q=0.05", seconds=6)
    assert [contact[4] for contact in office.contacts(7)] == ["b", "c", "a", "d"]


@pytest.mark.parametrize("q", ["2", "x", "-1", "0.1234", "", "1.0"])
def test_a_preference_that_cannot_be_read_is_the_highest(q: str) -> None:
    office = Office()
    assert office.put(f'{HERE};q="{q}"').status == 200
    assert office.registrar.bindings(LINE, at(0))[0].q == 1000


def test_a_register_that_was_overtaken_changes_nothing() -> None:
    office = Office()
    office.put(HERE, call_id="one", cseq=7)
    assert office.put(f"{HERE};expires=0", call_id="one", cseq=6).status == 500
    assert office.put("*", call_id="one", cseq=7, lines=["Expires: 0"]).status == 500
    assert office.contacts()


def test_after_the_telephone_restarted_its_numbering_starts_anew() -> None:
    office = Office()
    office.put(HERE, call_id="one", cseq=7)
    assert office.put(f"{HERE};expires=0", call_id="two", cseq=1).status == 200
    assert not office.contacts()


def test_all_contacts_of_a_register_take_effect_or_none() -> None:
    office = Office()
    assert office.put("<sip:a@192.0.2.31>", "<sip:b@192.0.2.31>;expires=5").status == 423
    assert not office.contacts()


def test_the_same_contact_twice_is_one() -> None:
    office = Office()
    assert office.put(HERE, HERE).status == 200
    assert len(office.contacts()) == 1


def test_an_equivalent_contact_is_the_same_one() -> None:
    """RFC 3261 §19.1.4: escapes and the case of the host do not tell addresses apart."""
    office = Office()
    office.put("<sip:%61lice@Phone.example>")
    office.put("<sip:alice@phone.example>")
    assert office.contacts() == ["sip:alice@phone.example"]


def test_a_telephone_that_says_its_name_has_one_contact_wherever_it_is() -> None:
    office = Office()
    office.put('<sip:a@192.0.2.31>;+sip.instance="<urn:uuid:1>"')
    office.put('<sip:a@192.0.2.31:5080>;+sip.instance="<urn:uuid:1>"')
    assert office.contacts() == ["sip:a@192.0.2.31:5080"]


def test_more_contacts_than_allowed_at_once_are_refused() -> None:
    office = Office()
    assert office.put(*(f"<sip:{n}@192.0.2.31>" for n in range(6))).status == 403
    assert not office.contacts()


def test_the_sixth_contact_takes_the_place_of_the_oldest() -> None:
    office = Office()
    for n in range(6):
        office.put(f"<sip:{n}@192.0.2.31>", seconds=n)
    assert [contact[4] for contact in office.contacts(6)] == ["5", "4", "3", "2", "1"]


@pytest.mark.parametrize("contact", ["<tel:0352001234>", "<mailto:a@b>"])
def test_a_contact_that_is_no_sip_uri_is_refused(contact: str) -> None:
    assert Office().put(contact).status == 400


# -- where it is reached


def test_a_contact_behind_nat_is_reached_where_its_register_came_from() -> None:
    office = Office()
    office.sign(register("<sip:a@10.0.0.7:5060>"), ELSEWHERE)
    assert office.addresses() == [LineTarget("sip:a@10.0.0.7:5060", ELSEWHERE)]


def test_a_contact_cannot_point_us_at_a_third_party() -> None:
    office = Office()
    office.sign(register("<sip:victim@198.51.100.1:53>"), ELSEWHERE)
    assert [target.destination for target in office.addresses()] == [ELSEWHERE]


def test_a_telephone_on_a_stream_is_reached_by_that_stream() -> None:
    office = Office()
    stream = Flow("192.0.2.32", 40_000, "tcp")
    office.sign(register("<sip:a@192.0.2.32:5060;transport=tcp>"), stream)
    assert office.addresses()[0].destination == stream
    kept = bindings.decode(bindings.encode(office.registrar.bindings(LINE, at(0))))
    assert kept[0].target.destination == stream


def test_headers_of_a_contact_never_come_into_a_request_uri() -> None:
    office = Office()
    office.put("<sip:a@192.0.2.31?Route=%3Csip:evil%3E>")
    assert office.contacts() == ["sip:a@192.0.2.31"]


def test_a_contact_that_would_not_fit_into_an_invite_is_refused() -> None:
    assert Office().put(f"<sip:{'a' * 300}@192.0.2.31>").status == 400


def test_another_port_of_the_same_host_is_believed() -> None:
    office = Office()
    office.sign(register("<sip:a@192.0.2.32>"), ELSEWHERE)
    assert [target.destination for target in office.addresses()] == [("192.0.2.32", 5060)]


def test_configured_addresses_come_before_registered_ones() -> None:
    line = LineAddress(
        number=LINE,
        address="sip:a@192.0.2.41",
        more_addresses=("sip:a@192.0.2.42",),
        register=True,
        user="shop",
        password="kagi to himitsu",
    )
    office = Office(config(lines={LINE: line}))
    office.put(HERE)
    hosts = [target.destination[0] for target in office.addresses()]
    assert hosts == ["192.0.2.41", "192.0.2.42", "192.0.2.31"]


def test_a_line_that_nobody_knows_is_nowhere() -> None:
    assert Office().addresses(number="0359999999") == []


# -- from one run to the next


def restarted(office: Office, seconds: float, settings: Config | None = None) -> tuple[Office, list[Changed]]:
    """Return the office after a restart: what was kept is loaded."""
    kept = bindings.decode(bindings.encode(office.registrar.bindings(LINE, at(0))))
    after = Office(settings or office.config)
    return after, after.registrar.load(kept, at(seconds))


def test_registrations_outlive_a_restart() -> None:
    office = Office()
    office.put(f"{HERE};q=0.3")
    after, dropped = restarted(office, 100)
    assert after.registrar.bindings(LINE, at(100)) == office.registrar.bindings(LINE, at(100))
    assert dropped == []
    assert not after.contacts(3600)


def test_what_expired_while_we_were_away_is_dropped() -> None:
    office = Office()
    office.put(f"{HERE};expires=60")
    after, dropped = restarted(office, 61)
    assert dropped == [Changed(LINE, ())]
    assert not after.contacts(61)


def test_a_line_that_may_not_register_any_more_is_dropped() -> None:
    office = Office()
    office.put(HERE)
    after, dropped = restarted(office, 1, config(lines={}))
    assert dropped == [Changed(LINE, ())]
    assert after.addresses() == []


def test_a_step_of_the_wall_clock_neither_ends_nor_prolongs_a_registration() -> None:
    office = Office()
    office.put(f"{HERE};expires=60")
    for step in (-86_400_000, 86_400_000):
        in_time, late = at(59), at(61)
        assert office.registrar.bindings(LINE, Instant(in_time.monotonic, in_time.utc_ms + step))
        assert not office.registrar.bindings(LINE, Instant(late.monotonic, late.utc_ms + step))


def test_what_has_expired_is_swept_and_told_once() -> None:
    office = Office()
    office.put(f"{HERE};expires=60", "<sip:b@192.0.2.31>;expires=90")
    assert office.registrar.sweep(at(59)) == []
    (changed,) = office.registrar.sweep(at(61))
    assert [one.contact for one in changed.bindings] == ["sip:b@192.0.2.31"]
    assert office.registrar.sweep(at(91)) == [Changed(LINE, ())]
    assert office.registrar.sweep(at(92)) == []


def test_bindings_that_cannot_be_read_are_said_to_be_so() -> None:
    with pytest.raises(InputError, match="3 bytes"):
        bindings.decode(b"abc")


def test_every_registered_place_is_named_once() -> None:
    office = Office()
    office.put(HERE)
    office.put(HERE, number=OTHER_LINE)
    assert [target.destination for target in office.registrar.registered(at(0))] == [TELEPHONE]


# -- whatever comes

_ACTS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 4000), st.sampled_from([0, 60, 100, 3600])),
    max_size=25,
)


@given(_ACTS)
def test_a_line_has_at_most_five_contacts_each_once_and_none_expired(
    acts: list[tuple[str, int, int]],
) -> None:
    known: tuple[Binding, ...] = ()
    now_ms = 0
    for place, (user, later, expires) in enumerate(acts):
        now_ms += 1000 * later
        wanted = bindings.registration(
            register(f"<sip:{user}@192.0.2.31>;expires={expires}", call_id="one", cseq=place + 1),
            LINE,
            TELEPHONE,
        )
        after = bindings.updated(known, wanted, RegistrarSettings(), now_ms)
        assert isinstance(after, tuple)
        known = after
        assert len(known) <= 5
        assert len({one.contact for one in known}) == len(known)
        assert all(now_ms < one.expires_ms <= now_ms + 3_600_000 for one in known)
        assert (f"sip:{user}@192.0.2.31" in {one.contact for one in known}) is bool(expires)


def test_a_telephone_that_comes_through_another_port_of_its_router_has_moved() -> None:
    office = Office()
    behind_router = "<sip:0352001234@10.0.0.7:5060>"
    _, first = office.sign(register(behind_router))
    _, again = office.sign(register(behind_router), seconds=1)
    _, moved = office.sign(register(behind_router), source=(TELEPHONE[0], 61_000), seconds=2)
    assert [change.is_refresh for change in (first, again, moved) if change] == [False, True, False]
