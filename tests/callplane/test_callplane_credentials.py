"""Who may call by password, and whose challenges we answer (reliability.md §1, RFC 3261 §22)."""

from telephone_registering import LINE, OTHER_LINE, PASSWORD, at, config, register, with_credentials

from chakka.callplane import credentials
from chakka.callplane.credentials import Authentication, Reply, User
from chakka.config import AuthSettings, Config, LineAddress, Trunk
from chakka.sip.digest import Algorithm
from chakka.sip.digest_server import challenge
from chakka.sip.events import Failed
from chakka.sip.message import respond
from chakka.sip.transaction_message import HeaderPairs

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


class Guesser:
    """Somebody at a host who answers challenges."""

    def __init__(self, most: int = 3) -> None:
        settings = config(auth=AuthSettings(wrong_per_minute=most))
        self.authentication = Authentication(settings, b"0123456789abcdef")

    def answer(
        self, password: str, seconds: float = 0, host: str = ABROAD[0], challenges: HeaderPairs = ()
    ) -> User | Reply:
        """Return what comes of an answer. challenges: made up; else those that the host is given."""
        request, source = register(), (host, 5060)
        given = challenges
        if not given:
            reply = self.authentication.user(request, source, at(seconds))
            assert isinstance(reply, Reply)
            given = reply.headers
        return self.authentication.user(
            with_credentials(request, given, password=password), source, at(seconds)
        )


def status(found: User | Reply) -> int:
    return found.status if isinstance(found, Reply) else 200


def test_a_host_that_guesses_too_often_is_not_listened_to_for_a_minute() -> None:
    guesser = Guesser(most=3)
    assert [status(guesser.answer("wrong", place)) for place in range(5)] == [401, 401, 401, 503, 503]
    right = guesser.answer(PASSWORD, 10)
    assert isinstance(right, Reply)
    assert (right.status, right.headers) == (503, (("Retry-After", "60"),))
    assert status(guesser.answer(PASSWORD, 60)) == 200


def test_a_host_that_guesses_shuts_out_no_other() -> None:
    guesser = Guesser(most=3)
    for place in range(10):
        guesser.answer("wrong", place)
    assert status(guesser.answer(PASSWORD, 10, host="198.51.100.8")) == 200


def test_nobody_guesses_by_a_nonce_of_his_own() -> None:
    guesser = Guesser(most=3)
    made_up = tuple(
        ("WWW-Authenticate", line) for line in challenge("chakka", "0" * 44, Algorithm, stale=False)
    )
    for password in (*["wrong"] * 5, PASSWORD):
        told = guesser.answer(password, challenges=made_up)
        assert isinstance(told, Reply)
        assert told.status == 401
        assert all("stale=true" in line for _, line in told.headers)
    assert status(guesser.answer(PASSWORD)) == 200


def test_right_answers_do_not_count_and_zero_is_no_bound() -> None:
    guesser = Guesser(most=3)
    assert [status(guesser.answer(PASSWORD, place)) for place in range(8)] == [200] * 8
    unbounded = Guesser(most=0)
    assert [status(unbounded.answer("wrong")) for _ in range(99)] == [401] * 99
