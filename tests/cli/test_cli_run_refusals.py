"""`chakka run` finds out before it starts what would make its processes die again and again."""

import socket
from pathlib import Path

import pytest

from chakka.cli.main import main

CONFIG = """
[listen]
udp = "127.0.0.1:{port}"
[rtp]
host = "{rtp}"
[data]
dir = "."
"""


def refusal(directory: Path, capsys: pytest.CaptureFixture[str], port: int, rtp: str = "127.0.0.1") -> str:
    (directory / "prompts").mkdir()
    (directory / "prompts" / "manifest.json").write_text("{}")
    (directory / "chakka.toml").write_text(CONFIG.format(port=port, rtp=rtp))
    assert main(["run", "--config", str(directory / "chakka.toml")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_port_in_use_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = refusal(tmp_path, capsys, port)
    assert f"127.0.0.1:{port}" in error
    assert "running already?" in error


def test_an_rtp_address_that_is_not_ours_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(tmp_path, capsys, port, rtp="192.0.2.55")
    assert "[rtp] host = 192.0.2.55" in error
    assert "running already?" not in error
