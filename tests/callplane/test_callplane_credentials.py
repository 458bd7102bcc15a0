"""Who may call by password, and whose challenges we answer (reliability.md §1, RFC 3261 §22)."""

from telephone_registering import LINE, OTHER_LINE, at, config, register, with_credentials

from chakka.callplane import credentials
from chakka.callplane.credentials import Authentication, Reply, User
from chakka.config import Config, LineAddress, Trunk
from chakka.sip.digest import Algorithm, challenge
from chakka.sip.events import Failed
from chakka.sip.message import respond

PBX = Trunk(name="pbx", peer_user="pbx", peer_password="p")
CARRIER = Trunk(name="carrier", hosts=("192.0.2.1",), user="us", realm="carrier.example", password="c")
ABROAD = ("198.51.100.7", 5060)


def asked(config: Config, user: str, password: str) -> User | Reply:
    """What comes of a request from anywhere, with credentials."""
    authentication = Authentication(config, b"0123456789abcdef")
    request = register()
    reply = authentication.user(request, ABROAD, at(0))
    assert isinstance(reply, Reply)
    again = with_credentials(request, reply.headers, user=user, password=password)
    return authentication.user(again, ABROAD, at(0))


def test_a_trunk_is_known_by_its_password_wherever_it_calls_from() -> None:
    user = asked(config(trunks=(PBX, CARRIER)), "pbx", "p")
    assert isinstance(user, User)
    assert user.trunk is PBX


def test_a_user_of_lines_is_no_trunk() -> None:
    user = asked(config(trunks=(PBX,)), "shop", "kagi to himitsu")
    assert isinstance(user, User)
    assert (user.trunk, user.numbers) == (None, {LINE, OTHER_LINE})


def test_our_own_password_at_a_trunk_opens_nothing_here() -> None:
    assert isinstance(asked(config(trunks=(CARRIER,)), "us", "c"), Reply)


def test_only_trunks_with_a_password_make_strangers_worth_asking() -> None:
    assert not Authentication(config(trunks=(CARRIER,), lines={}), b"s" * 16).has_users
    assert Authentication(config(trunks=(PBX,), lines={}), b"s" * 16).has_users
    assert Authentication(config(trunks=(CARRIER,)), b"s" * 16).has_users


def refused(status: int, realm: str) -> Failed:
    header = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[status]
    lines = [(header, line) for line in challenge(realm, "n", Algorithm, stale=False)]
    response = respond(register(), status, headers=lines)
    return Failed(None, status, response, "response")  # type: ignore[arg-type]


def test_a_challenge_of_a_trunk_in_its_realm_is_answered_once_in_the_matching_header() -> None:
    for status, header in ((401, "Authorization"), (407, "Proxy-Authorization")):
        failed = refused(status, "carrier.example")
        known = credentials.at_trunk(CARRIER)
        ((name, line),) = credentials.invite_again(failed, known, "sip:x@192.0.2.1", lambda: "c")
        assert name == header
        assert 'username="us"' in line
        assert 'uri="sip:x@192.0.2.1"' in line


def test_a_challenge_in_another_realm_or_without_credentials_is_not_answered() -> None:
    known = credentials.at_trunk(CARRIER)
    assert not credentials.invite_again(refused(401, "evil.example"), known, "sip:x", lambda: "c")
    assert not credentials.invite_again(refused(401, "carrier.example"), (), "sip:x", lambda: "c")


def test_a_call_that_timed_out_is_not_sent_again() -> None:
    failed = Failed(None, 408, None, "timeout")  # type: ignore[arg-type]
    assert not credentials.invite_again(failed, credentials.at_trunk(CARRIER), "sip:x", lambda: "c")


def test_the_password_of_a_registering_line_is_never_sent_anywhere() -> None:
    line = LineAddress(number=LINE, register=True, user="shop", password="s")
    assert credentials.at_line(line) == ()
    server = LineAddress(number=LINE, address="sip:a@192.0.2.1", user="us", password="s", realm="pbx")
    assert [one.realm for one in credentials.at_line(server)] == ["pbx"]
