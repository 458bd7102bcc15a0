"""Digest authentication: RFC 7616 and 8760 as client and server, RFC 3261 §22, hostile input."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.sip import digest, digest_client, digest_server
from chakka.sip.digest import Algorithm, Authorization, Challenge, Credentials, Use
from chakka.sip.digest_server import Nonces
from chakka.sip.grammar import Malformed
from chakka.sip.headers import CSeq
from chakka.sip.message import Headers, Request, Response, respond

REALM = "chakka"
SHOP = Credentials(username="shop", realm=REALM, password="kagi to himitsu")
URI = "sip:192.0.2.9"
SOURCE = "192.0.2.21"
# RFC 7616 §3.9.1.
MUFASA = Authorization(
    username="Mufasa",
    realm="http-auth@example.org",
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri="/dir/index.html",
    response="",
    qop="auth",
    cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    nonce_count="00000001",
)


def nonces(**settings: object) -> Nonces:
    return Nonces(b"0123456789abcdef", **settings)  # type: ignore[arg-type]


def challenged(*lines: str, status: int = 401) -> Response:
    header = {401: "WWW-Authenticate", 407: "Proxy-Authenticate"}.get(status, "Warning")
    request = Request(
        "INVITE",
        URI,
        Headers(
            (
                ("Via", "SIP/2.0/UDP 192.0.2.21;branch=z9hG4bK1"),
                ("From", "<sip:a@b>;tag=1"),
                ("To", "<sip:c@d>"),
                ("Call-ID", "1"),
                ("CSeq", str(CSeq(1, "INVITE"))),
            )
        ),
    )
    return respond(request, status, headers=[(header, line) for line in lines])


def ours(*, stale: bool = False, nonce: str = "n1") -> tuple[str, ...]:
    return digest_server.challenge(REALM, nonce, Algorithm, stale=stale)


def answered(credentials: Credentials = SHOP, **changes: object) -> Authorization:
    """What a client that was asked by us sends back."""
    challenges = [one for line in ours() if (one := digest.parse_challenge(line))]
    line = digest_client.answer(challenges, credentials, "REGISTER", URI, Use(count=1, cnonce="c1"))
    assert line is not None
    read = digest.parse_authorization(line)
    assert read is not None
    return msgspec.structs.replace(read, **changes)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc7616_3_9_1_the_example_comes_out(algorithm: Algorithm, response: str) -> None:
    given = msgspec.structs.replace(MUFASA, algorithm=algorithm)
    secret = digest.ha1(algorithm, given.username, given.realm, "Circle of Life")
    assert digest.response_value(secret, "GET", given) == response


def test_rfc2617_3_5_without_qop_the_old_form_is_used() -> None:
    given = Authorization(
        username="Mufasa",
        realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        uri="/dir/index.html",
        response="",
    )
    secret = digest.ha1(Algorithm.MD5, given.username, given.realm, "Circle Of Life")
    assert digest.response_value(secret, "GET", given) == "670fd8c2df070c60b045671b8b24ff02"


# -- the client


def test_rfc8760_of_two_challenges_the_stronger_is_answered_whatever_their_order() -> None:
    for lines in (ours(), ours()[::-1]):
        challenges = [one for line in lines if (one := digest.parse_challenge(line))]
        line = digest_client.answer(challenges, SHOP, "INVITE", URI, Use(count=1, cnonce="c"))
        assert line is not None
        assert "algorithm=SHA-256" in line


def test_an_unconfigured_realm_is_never_answered() -> None:
    response = challenged(*digest_server.challenge("elsewhere", "n", Algorithm, stale=False))
    assert digest_client.answers(response, [SHOP], "INVITE", URI, lambda: "c") == ()


@pytest.mark.parametrize(
    "line",
    [
        'Digest realm="chakka", nonce="n", algorithm=SHA-512-256, qop="auth"',
        'Digest realm="chakka", nonce="n", algorithm=MD5-sess, qop="auth"',
        'Digest realm="chakka", nonce="n", qop="auth-int"',
        'Digest realm="Chakka", nonce="n", qop="auth"',
        'Digest realm="chakka"',
        'Basic realm="chakka"',
        "Digest",
        "",
        'Digest realm="chakka", nonce="open',
    ],
)
def test_a_challenge_that_cannot_be_met_is_not_answered(line: str) -> None:
    response = challenged(line)
    assert digest_client.answers(response, [SHOP], "INVITE", URI, lambda: "c") == ()


def test_a_challenge_beside_one_that_cannot_be_met_is_answered() -> None:
    response = challenged("Basic realm=chakka", "Digest nonsense", *ours(), status=407)
    ((name, line),) = digest_client.answers(response, [SHOP], "INVITE", URI, lambda: "c")
    assert name == "Proxy-Authorization"
    assert line.startswith("Digest ")


def test_an_answer_that_is_no_challenge_is_not_answered() -> None:
    response = challenged(*ours(), status=403)
    assert digest_client.answers(response, [SHOP], "INVITE", URI, lambda: "c") == ()


def test_rfc7616_3_4_algorithm_qop_and_count_are_not_quoted() -> None:
    challenge = Challenge(realm=REALM, nonce="n", offers_auth=True, has_qop=True, opaque='o"p')
    line = digest_client.answer([challenge], SHOP, "INVITE", URI, Use(count=26, cnonce="c"))
    assert line is not None
    assert "algorithm=MD5, qop=auth, nc=0000001a, cnonce=" in line
    assert 'opaque="o\\"p"' in line


def test_an_old_challenge_without_qop_is_answered_without_one() -> None:
    challenge = digest.parse_challenge('Digest realm="chakka", nonce="n"')
    assert challenge is not None
    line = digest_client.answer([challenge], SHOP, "INVITE", URI, Use(count=1, cnonce="c"))
    assert line is not None
    assert "qop" not in line
    assert "cnonce" not in line


# -- the server


def test_the_right_password_is_recognised_with_either_algorithm() -> None:
    for challenge in (digest.parse_challenge(line) for line in ours()):
        assert challenge is not None
        line = digest_client.answer([challenge], SHOP, "REGISTER", URI, Use(count=1, cnonce="c"))
        read = digest.parse_authorization(line or "")
        assert read is not None
        assert digest_server.is_right(read, "REGISTER", SHOP)


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "shoq"},
        {"nonce": "n2"},
        {"uri": "sip:192.0.2.8"},
        {"cnonce": "c2"},
        {"nonce_count": "00000002"},
        {"response": ""},
        {"response": "é"},
        {"qop": None},
        {"qop": "auth-int"},
        {"algorithm": None},
        {"algorithm": Algorithm.MD5},
    ],
)
def test_whatever_is_changed_makes_the_response_wrong(changes: dict[str, object]) -> None:
    credentials = msgspec.structs.replace(SHOP, username=str(changes.get("username", "shop")))
    assert not digest_server.is_right(answered(**changes), "REGISTER", credentials)


def test_a_response_for_another_method_or_password_is_wrong() -> None:
    assert not digest_server.is_right(answered(), "INVITE", SHOP)
    assert not digest_server.is_right(answered(), "REGISTER", msgspec.structs.replace(SHOP, password="x"))


def test_rfc8760_2_3_each_algorithm_has_a_line_of_its_own_the_strongest_first() -> None:
    first, second = ours(stale=True)
    assert first == 'Digest realm="chakka", nonce="n1", algorithm=SHA-256, qop="auth", stale=true'
    assert "algorithm=MD5" in second


def test_a_nonce_serves_once_for_each_count_that_grows() -> None:
    server = nonces()
    nonce = server.issue(SOURCE, 10.0)
    assert server.use(nonce, "00000001", SOURCE, 11.0)
    assert not server.use(nonce, "00000001", SOURCE, 11.0)
    assert server.use(nonce, "0000000a", SOURCE, 12.0)
    assert not server.use(nonce, "00000009", SOURCE, 12.0)


def test_a_nonce_ends_with_its_lifetime() -> None:
    server = nonces(lifetime=60)
    nonce = server.issue(SOURCE, 10.0)
    assert server.use(nonce, "00000001", SOURCE, 70.0)
    assert not server.use(nonce, "00000002", SOURCE, 70.1)


def test_a_nonce_serves_its_host_alone() -> None:
    server = nonces()
    assert not server.use(server.issue(SOURCE, 1.0), "00000001", "192.0.2.66", 1.0)


def test_nonces_are_never_the_same_twice() -> None:
    server = nonces()
    assert len({server.issue(SOURCE, 1.0) for _ in range(100)}) == 100


@pytest.mark.parametrize("nonce", ["", "0", "z" * 44, "0" * 44, "０" * 44, "0" * 200])
def test_a_nonce_that_is_not_ours_does_not_serve(nonce: str) -> None:
    assert not nonces().use(nonce, "00000001", SOURCE, 0.0)


def test_a_nonce_of_another_run_does_not_serve() -> None:
    other = Nonces(b"another secret!!").issue(SOURCE, 1.0)
    assert not nonces().use(other, "00000001", SOURCE, 1.0)


def test_memory_is_bounded_and_what_was_forgotten_cannot_be_replayed() -> None:
    server = nonces(most=10)
    used = [server.issue(SOURCE, 1.0 + place) for place in range(30)]
    assert all(server.use(nonce, "00000001", SOURCE, 40.0) for nonce in used)
    assert len(server._seen) == 10
    assert not any(server.use(nonce, "00000001", SOURCE, 40.0) for nonce in used)
    assert not server.use(server.issue(SOURCE, 2.0), "00000001", SOURCE, 40.0)
    assert server.use(server.issue(SOURCE, 39.0), "00000001", SOURCE, 40.0)


# -- reading


def test_credentials_are_read_whatever_their_spelling() -> None:
    read = digest.parse_authorization(
        'DIGEST  Username = "a\\"b" ,realm="chakka",nonce=abc==,URI="sip:x", RESPONSE="ABCDEF",'
        ' qop="auth", NC=00000001, cnonce="c,d", algorithm="md5", unknown=1, opaque=""'
    )
    assert read == Authorization(
        username='a"b',
        realm="chakka",
        nonce="abc==",
        uri="sip:x",
        response="abcdef",
        qop="auth",
        cnonce="c,d",
        nonce_count="00000001",
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Digest",
        "Digest ,,,",
        "Digest username",
        'Digest username="a", username="b"',
        'Digest username="a", realm="r", nonce="n", uri="u"',
        'Digest username="a", realm="r", nonce="n", uri="u", response="r", qop=auth',
        'Digest username="a", realm="r", nonce="n", uri="u", response="r", qop=auth, cnonce=c, nc=1',
        'Digest username="a", realm="r", nonce="n", uri="u", response="r", qop=auth, cnonce=c, nc=0000000g',
        'Digest username="a, realm="r"',
        "Digest " + ", ".join(f"p{n}=1" for n in range(40)),
    ],
)
def test_credentials_that_break_the_grammar_are_malformed(line: str) -> None:
    with pytest.raises(Malformed):
        digest.parse_authorization(line)


def test_another_scheme_is_none_of_ours() -> None:
    assert digest.parse_authorization("Bearer abc") is None


@given(st.text(max_size=200))
def test_junk_is_refused_or_read_never_worse(text: str) -> None:
    for parse in (digest.parse_authorization, digest.parse_challenge):
        for line in (text, f"Digest {text}"):
            try:
                parse(line)
            except Malformed as fault:
                assert fault.status == 400


_WORD = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=20)


@given(_WORD, _WORD, _WORD, st.sampled_from(Algorithm))
def test_what_a_client_answers_a_server_recognises(
    user: str, realm: str, password: str, algorithm: Algorithm
) -> None:
    who = Credentials(username=user, realm=realm, password=password)
    (line,) = digest_server.challenge(realm, "n", [algorithm], stale=False)
    challenge = digest.parse_challenge(line)
    assert challenge is not None
    answer = digest_client.answer([challenge], who, "REGISTER", URI, Use(count=1, cnonce="c"))
    read = digest.parse_authorization(answer or "")
    assert read is not None
    assert digest_server.is_right(read, "REGISTER", who)
