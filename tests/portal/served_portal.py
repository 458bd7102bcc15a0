"""A portal as it is served: processes of its own, a data directory of its own, the demo business in it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from chakka.cli import demo

_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """Where it is, and who can log in."""

    url: str
    directory: Path
    login_id: str
    password: str

    def run(self, *words: str) -> str:
        """Return what a command of the business printed."""
        done = subprocess.run(
            (sys.executable, "-m", "chakka.portal", *words),
            env=_environment(self.directory),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def form(self) -> tuple[dict[str, str], str]:
        """Return the hidden fields of a fresh login form, and the cookie that goes with it."""
        with urllib.request.urlopen(f"{self.url}/login/") as answer:
            page, cookie = answer.read().decode(), answer.headers["Set-Cookie"].partition(";")[0]
        fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.partition("<main")[2])
        return dict(fields), cookie

    def enter(self, form: tuple[dict[str, str], str], password: str) -> int:
        """Return the status that a filled-in form gets."""
        fields, cookie = form
        posted = urlencode({**fields, "login_id": self.login_id, "password": password}).encode()
        request = urllib.request.Request(f"{self.url}/login/", posted, {"Cookie": cookie})
        try:
            with urllib.request.build_opener(_NoRedirect).open(request) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:
        return None


@contextmanager
def served(directory: Path) -> Iterator[Served]:
    """Give a portal that serves the demo business."""
    port = _free_port()
    config = (demo.DEMO / "chakka.toml").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    (directory / "chakka.toml").write_text(config)
    demo.prepare(directory)
    place = Served(url=f"http://127.0.0.1:{port}", directory=directory, login_id="", password="")
    place.run("bill", "seed-demo", "--start", "2026-01-01")
    place.run("account", "demo")
    login = json.loads((directory / "demo_login.json").read_text())
    command = (sys.executable, "-m", "chakka.portal", "--config", str(directory / "chakka.toml"), "serve")
    process = subprocess.Popen(command, env=_environment(directory), start_new_session=True)
    try:
        _wait_for(port)
        yield Served(url=place.url, directory=directory, **login)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_WAIT_S)


def _environment(directory: Path) -> dict[str, str]:
    return {**os.environ, "CHAKKA_CONFIG": str(directory / "chakka.toml")}


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until, "the portal does not answer"
            time.sleep(0.05)
