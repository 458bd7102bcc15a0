"""Lines that register, lines with several addresses, trunks with passwords, and how long all that lasts."""

from pathlib import Path

import pytest

from chakka.config import AuthSettings, Config, KeepaliveSettings, RegistrarSettings
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.sip.digest import Algorithm

SOFTPHONE = '[[line]]\nnumber = "0352001234"\nregister = true\nuser = "shop"\npassword = "secret"\n'
TWO_ADDRESSES = """
[[line]]
number = "0352001235"
address = "sip:0352001235@192.0.2.21"
more_addresses = ["sip:0352001235@192.0.2.22:5070", "sip:0352001235@[2001:db8::2]"]
"""


def config(text: str) -> Config:
    return parse_config(text.encode(), Path("/srv"))


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        config(text)
    return [f"{problem.where} {problem.message}" for problem in caught.value.problems]


def test_a_line_may_have_no_address_but_register() -> None:
    line = config(SOFTPHONE).lines["0352001234"]
    assert (line.register, line.user, line.password, line.addresses) == (True, "shop", "secret", ())


def test_a_line_may_have_several_addresses() -> None:
    line = config(TWO_ADDRESSES).lines["0352001235"]
    assert len(line.addresses) == 3
    assert line.destination == ("192.0.2.21", 5060)


def test_several_lines_may_have_one_user() -> None:
    assert len(config(SOFTPHONE + SOFTPHONE.replace("1234", "1235")).lines) == 2


def test_the_defaults_are_those_of_the_manual() -> None:
    defaults = config("")
    assert defaults.auth == AuthSettings(realm="chakka", algorithms=tuple(Algorithm), nonce_lifetime=300.0)
    assert defaults.registrar == RegistrarSettings(shortest=60, usual=3600, longest=3600, most_contacts=5)
    assert defaults.keepalive == KeepaliveSettings(interval=30.0, within=4.0, failures=2)


def test_a_trunk_may_be_known_by_password_alone() -> None:
    (trunk,) = config('[[trunk]]\nname = "pbx"\npeer_user = "pbx"\npeer_password = "x"\n').trunks
    assert trunk.hosts == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[[line]]\nnumber = "0352001234"\n', "needs an address"),
        ('[[line]]\nnumber = "0352001234"\nregister = true\n', "user and password"),
        (SOFTPHONE + 'realm = "elsewhere"\n', "the realm is ours"),
        (SOFTPHONE + SOFTPHONE.replace("1234", "1235").replace("secret", "other"), "'shop'"),
        (TWO_ADDRESSES + 'user = "shop"\npassword = "x"\n', "with register = true or a realm"),
        (TWO_ADDRESSES.replace("192.0.2.22", "pbx.example"), "pbx.example"),
        ('[[line]]\nnumber = "0352001234"\naddress = "sip:a@b c"\n', "sip:a@b c"),
        ('[[line]]\nnumber = "0352001234"\naddress = "sips:a@192.0.2.1"\n', "sips:a@192.0.2.1"),
        ('[[trunk]]\nname = "pbx"\n', "needs hosts"),
        ('[[trunk]]\nname = "pbx"\npeer_user = "pbx"\n', "peer_password"),
        ('[[trunk]]\nname = "pbx"\nhosts = ["192.0.2.1"]\nuser = "us"\n', "realm"),
        ('[[trunk]]\nname = "p"\npeer_user = "shop"\npeer_password = "x"\n' + SOFTPHONE, "'shop'"),
        ("[registrar]\nshortest = 600\nlongest = 60\n", "must not fall"),
        ("[keepalive]\nfailures = 0\n", ">= 1"),
        ('[auth]\nalgorithms = ["SHA-1"]\n', "SHA-1"),
        ("[auth]\nalgorithms = []\n", ">= 1"),
        ('[auth]\nrealm = "a\\nb"\n', "regex"),
    ],
)
def test_a_fault_names_what_is_missing(text: str, word: str) -> None:
    assert any(word in fault for fault in faults(text)), faults(text)
