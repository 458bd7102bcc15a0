"""The call plane as a process, asked over TLS: the configuration's way to the connection."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Authority
from sip_peer import request_text

from chakka.stores.plan_store import PlanStore

HERE = "127.0.0.1"
START_S = 15.0
OPTIONS = request_text("OPTIONS", via=f"SIP/2.0/TLS {HERE}:5061;branch=z9hG4bKtls")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(tmp_path: Path, authority: Authority) -> Iterator[int]:
    """Run a call plane; return where it takes TLS."""
    port = free_port()
    authority.certified("chakka.example", "URI:sip:chakka.example")
    config = tmp_path / "chakka.toml"
    config.write_text(
        f'[listen]\nudp = "{HERE}:{free_port()}"\ntls = "{HERE}:{port}"\n[data]\ndir = "var"\n'
        '[tls]\ncertificate = "chakka.example.pem"\nkey = "chakka.example.key"\nca = "ca.pem"\n'
        f'[[trunk]]\nname = "carrier"\nhosts = ["{HERE}"]\ntls_name = "carrier.example"\n'
    )
    PlanStore.open(tmp_path / "var" / "plans", readonly=False).close()
    process = subprocess.Popen([sys.executable, "-m", "chakka.callplane", "--config", str(config)])
    try:
        yield port
    finally:
        process.terminate()
        assert process.wait(10.0) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def connection(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection, tried again until the process listens."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return context.wrap_socket(socket.create_connection((HERE, port), 5.0))
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, "the call plane does not listen"
            time.sleep(0.05)


def answer(asked: ssl.SSLSocket) -> bytes:
    """Return what comes back for OPTIONS, b"" from who hangs up."""
    try:
        asked.send(OPTIONS)
        return asked.recv(4096)
    except ConnectionError:
        return b""


@pytest.mark.slow
def test_a_carrier_that_shows_its_certificate_is_answered_and_nobody_else(
    authority: Authority, port: int
) -> None:
    context = ssl.create_default_context(cafile=authority.ca)
    context.check_hostname = False
    with connection(port, context) as unnamed:
        assert answer(unnamed) == b""
    files = authority.certified("carrier.example", "URI:sip:carrier.example")
    context.load_cert_chain(files.certificate or "", files.key)
    with connection(port, context) as carrier:
        assert answer(carrier).startswith(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;")
        assert carrier.version() == "TLSv1.3"
