"""TCP and TLS in the configuration: where to listen, whose certificate to expect, what is wrong with it."""

from pathlib import Path

import pytest

from chakka.config import Config
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.sip.address import Flow

BASE = Path("/srv/chakka")
TLS = """
    [listen]
    tls = "192.0.2.9:5061"
    [tls]
    certificate = "tls/own.pem"
    key = "tls/own.key"
    ca = "/etc/ca.pem"
"""


def read(text: str) -> Config:
    return parse_config(text.encode(), BASE)


def test_a_node_may_listen_on_tcp_and_tls_too() -> None:
    config = read('[listen]\ntcp = "192.0.2.9:5060"\n')
    assert (config.listen_tcp, config.listen_tls) == (("192.0.2.9", 5060), None)
    config = read(TLS)
    assert config.listen_tls == ("192.0.2.9", 5061)
    assert config.tls.certificate == BASE / "tls/own.pem"
    assert config.tls.ca == Path("/etc/ca.pem")


@pytest.mark.parametrize(
    ("address", "destination"),
    [
        ("sip:1@192.0.2.1;transport=tcp", Flow("192.0.2.1", 5060, "tcp")),
        ("sip:1@192.0.2.1:5090;transport=TLS", Flow("192.0.2.1", 5090, "tls")),
        ("sips:1@192.0.2.1", Flow("192.0.2.1", 5061, "tls")),
        ("sip:1@[2001:db8::1]", ("2001:db8::1", 5060)),
    ],
)
def test_the_address_of_a_line_names_its_transport(address: str, destination: object) -> None:
    line = f'[[line]]\nnumber = "0352001234"\naddress = "{address}"\ntls_name = "pbx.example"\n'
    assert read(line).lines["0352001234"].destination == destination


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[listen]\ntls = "192.0.2.9:5061"\n', "certificate and key"),
        ('[listen]\ntcp = "example:5060"\n', "'example:5060'"),
        ('[tls]\ncipher = "x"\n', "cipher"),
        ('[[line]]\nnumber = "0352001234"\naddress = "sips:1@192.0.2.1"\n', "tls_name"),
        ('[[line]]\nnumber = "0352001234"\naddress = "sip:1@192.0.2.1;transport=sctp"\n', "transport=sctp"),
        ('[[trunk]]\nname = "a"\nhosts = ["192.0.2.1"]\ntls_name = "*.example"\n', "tls_name"),
    ],
)
def test_what_is_wrong_with_streams_is_said(text: str, word: str) -> None:
    with pytest.raises(InputError, match=word.replace("*", r"\*")):
        read(text)


def test_a_trunk_with_a_tls_name_is_known_by_tls_only() -> None:
    config = read('[[trunk]]\nname = "a"\nhosts = ["192.0.2.1"]\ntls_name = "carrier.example"\n')
    assert config.trunk_at(("192.0.2.1", 5060)) is None
    assert config.trunk_at(Flow("192.0.2.1", 49152, "tcp")) is None
    assert config.trunk_at(Flow("192.0.2.1", 49152, "tls")) is config.trunks[0]
    assert config.tls_name("192.0.2.1") == "carrier.example"
    assert config.tls_name("192.0.2.2") is None


def test_lines_are_peers_by_each_of_their_addresses() -> None:
    config = read(
        '[[line]]\nnumber = "0352001234"\naddress = "sip:1@192.0.2.1"\n'
        'more_addresses = ["sips:1@192.0.2.2"]\ntls_name = "pbx.example"\n'
    )
    assert config.is_peer("192.0.2.1")
    assert config.is_peer("192.0.2.2")
    assert not config.is_peer("192.0.2.3")
    assert config.tls_name("192.0.2.2") == "pbx.example"
