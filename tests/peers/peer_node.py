"""A whole node for tests with real peers: its own loopback network, its three processes, its records.

Every node lives on a /24 of its own in 127.0.0.0/8, so that nodes of tests that run at the same time cannot
meet: chakka at .1, carriers at .2 to .5, a stranger at .9, telephone lines from .10 on, all at port 5060.
"""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from chakka.cli.seen_call import SeenCall, unsealed
from chakka.cli.supervise import programs
from chakka.clock import utc_ms
from chakka.config_text import parse_config
from chakka.contract.text import read, write_yaml
from chakka.facts import numbering_table
from chakka.records.fold import is_final
from chakka.routing.calendar import shipped_holidays
from chakka.routing.check import check
from chakka.routing.compile import compile_plan, encode
from chakka.stores.keys import KeyStore
from chakka.stores.ledger import CallFilter, Ledger
from chakka.stores.plan_store import PlanStore, Publication, Published

SIP_PORT = 5060
LINES = 180
STREAM_LINES = 4
# Lines without an address: telephones register for them.
REGISTERING = ("0352900001", "0352900002", "0352900003")
USER, PASSWORD = "shop", "kagi-to-himitsu"
# Short enough for a test, long enough for two busy cores.
ANSWER_WITHIN_S = 1.0
RING_S = 2.0
T1_S = 0.1
NO_ACK_S = 64 * T1_S
START_S = 20.0
STOP_S = 10.0

_networks = count()
_PARAMETERS = {"udp": "", "tcp": ";transport=tcp"}


@dataclass(frozen=True, slots=True)
class Line:
    """A telephone line as the node's configuration has it."""

    number: str
    host: str
    transport: str = "udp"


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses of one node and its peers."""

    prefix: str

    @classmethod
    def unused(cls) -> "Network":
        """Return a network that no other process on this machine takes."""
        place = next(_networks)
        assert place < 15, "a process has addresses for fifteen nodes"
        process = os.getpid()
        return cls(f"127.{1 + 16 * place + (process >> 8) % 16}.{process % 256}")

    def host(self, last: int) -> str:
        """Return one address."""
        return f"{self.prefix}.{last}"

    @property
    def chakka(self) -> str:
        """Where the call plane listens."""
        return self.host(1)

    @property
    def carrier(self) -> str:
        """A trunk whose caller facts are believed."""
        return self.host(2)

    @property
    def plain_carrier(self) -> str:
        """A trunk that can take one early dialog only."""
        return self.host(3)

    @property
    def doubtful_carrier(self) -> str:
        """A trunk of which only the number is believed."""
        return self.host(4)

    @property
    def answered_carrier(self) -> str:
        """A trunk that carries no early media: announcements and guidance are answered (R5.3)."""
        return self.host(5)

    @property
    def stranger(self) -> str:
        """An address of no trunk."""
        return self.host(9)


def wait_until(condition: Callable[[], Any], what: str, within_s: float = 10.0) -> Any:
    """Return the first true value of a condition; fail when there is none in time."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {within_s:g} s in vain: {what}"
        time.sleep(0.02)


class Node:
    """media, call plane and ingest in a directory of their own, and the businesses they serve."""

    def __init__(self, directory: Path, prompts: Path) -> None:
        self.directory = directory
        self.network = Network.unused()
        self.lines = [Line(f"0352{2000 + place:06}", self.network.host(10 + place)) for place in range(LINES)]
        self.stream_lines = [
            Line(f"0352{3000 + place:06}", self.network.host(200 + place), "tcp")
            for place in range(STREAM_LINES)
        ]
        self._unused_lines = iter(self.lines)
        self._numbers = count(100_000)
        self._config_file = directory / "chakka.toml"
        self._config_file.write_text(self._config_text(prompts), encoding="utf-8")
        self.config = parse_config(self._config_file.read_bytes(), directory)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._log_read: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        PlanStore.open(self.config.plans, readonly=False).close()

    def _config_text(self, prompts: Path) -> str:
        network = self.network
        head = f"""
[node]
name = "peers"
[listen]
udp = "{network.chakka}:{SIP_PORT}"
tcp = "{network.chakka}:{SIP_PORT}"
[rtp]
host = "{network.chakka}"
ports = "20000-20999"
[data]
dir = "."
prompts = "{prompts}"
[timers]
t1 = {T1_S}
t2 = 0.4
t4 = 0.5
[calls]
ring = {RING_S}
tick = 0.5
[auth]
# baresip 1 gives up when it is offered SHA-256 as well.
algorithms = ["MD5"]
[[trunk]]
name = "carrier"
hosts = ["{network.carrier}"]
trusted = true
outbound = true
[[trunk]]
name = "plain"
hosts = ["{network.plain_carrier}"]
trusted = true
single_early_dialog = true
[[trunk]]
name = "doubtful"
hosts = ["{network.doubtful_carrier}"]
[[trunk]]
name = "answered"
hosts = ["{network.answered_carrier}"]
trusted = true
early_media = false
"""
        lines = (
            f'[[line]]\nnumber = "{line.number}"\nanswer_within = {ANSWER_WITHIN_S}\n'
            f'address = "sip:{line.number}@{line.host}:{SIP_PORT}{_PARAMETERS[line.transport]}"\n'
            for line in (*self.lines, *self.stream_lines)
        )
        registering = (
            f'[[line]]\nnumber = "{number}"\nregister = true\nuser = "{USER}"\npassword = "{PASSWORD}"\n'
            for number in REGISTERING
        )
        return head + "".join(lines) + "".join(registering)

    # -- processes

    def start(self) -> None:
        """Start all processes and wait until calls would be served."""
        for program in programs(self.config, str(self._config_file)):
            self.start_one(program.name)
        wait_until(self.media_listens, "the media process listens", START_S)
        wait_until(self.config.ledger.exists, "ingest has made the ledger", START_S)
        self.wait_until_it_serves()

    def start_one(self, name: str) -> None:
        """Start one process; what it says goes to a log."""
        command = next(p.command for p in programs(self.config, str(self._config_file)) if p.name == name)
        with self.log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def wait_until_it_serves(self, within_s: float = START_S) -> None:
        """Wait until the SIP socket answers OPTIONS."""
        wait_until(self._answers_options, f"{self.network.chakka} answers OPTIONS\n{self.logs()}", within_s)

    def _answers_options(self) -> bool:
        for name, process in self._processes.items():
            assert process.poll() is None, f"{name} ended with {process.returncode}:\n{self.logs()}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.network.carrier, 0))
            probe.settimeout(0.1)
            probe.sendto(options(self.network, probe.getsockname()), (self.network.chakka, SIP_PORT))
            try:
                return probe.recv(4096).startswith(b"SIP/2.0 200 ")
            except TimeoutError:
                return False

    def media_listens(self) -> bool:
        """Return whether the media process takes commands: its path outlives it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            return probe.connect_ex(str(self.config.media_socket)) == 0

    def pid(self, name: str) -> int:
        """Return the process id of one process."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        self._processes[name].kill()
        self._processes[name].wait()

    def terminate(self, name: str) -> None:
        """Ask one process to stop and wait until it has."""
        process = self._processes[name]
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{name} did not stop within {STOP_S:g} s of SIGTERM") from None
        assert code == 0, f"{name} ended with {code} after SIGTERM:\n{self.logs()}"

    def stop(self) -> None:
        """Stop everything that still runs, in the order in which a supervisor would."""
        running = [name for name, process in self._processes.items() if process.poll() is None]
        try:
            for name in running:
                self.terminate(name)
        finally:
            for process in self._processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()

    # -- logs

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.directory / f"{name}.log"

    def logs(self) -> str:
        """Return the end of every log, for the message of a failed test."""
        return "\n".join(
            f"--- {name}\n{self.log(name).read_text(errors='replace')[-4000:]}"
            for name in self._processes
            if self.log(name).exists()
        )

    def complaints(self, unwanted: str = "Traceback|CRITICAL|ERROR") -> list[str]:
        """Return what the logs say, since they were read last, that no call may cause."""
        found = []
        for name in self._processes:
            text = self.log(name).read_text(errors="replace")
            new = text[self._log_read.get(name, 0) :]
            self._log_read[name] = len(text)
            if re.search(unwanted, new):
                found.append(f"--- {name}\n{new[-6000:]}")
        return found

    # -- plans

    def new_number(self) -> str:
        """Return a freephone number that no test has used on this node."""
        return f"0120{next(self._numbers):06}"

    def new_line(self) -> Line:
        """Return a line that no test has used on this node."""
        return next(self._unused_lines)

    def plan_text(self, plan: dict[str, Any]) -> bytes:
        """Return a plan as the text that `chakka publish` reads."""
        contract, problems = read(msgspec.json.encode(plan), numbering_table())
        assert contract is not None, problems
        return write_yaml(contract)

    def publish(self, plan: dict[str, Any]) -> None:
        """Put a plan into service; it must be without problems."""
        text = self.plan_text(plan)
        contract, _ = read(text, numbering_table())
        assert contract is not None
        problems = check(contract, numbering_table(), shipped_holidays()).problems
        assert not problems, problems
        compiled = compile_plan(contract, numbering_table(), shipped_holidays())
        published = Published(at_ms=utc_ms(), by="test", why="", hash=compiled.hash)
        with PlanStore.open(self.config.plans, readonly=False) as store:
            publication = Publication(
                number=contract.number,
                compiled=encode(compiled),
                text=text,
                published=published,
                notifying=compiled.number_notification,
            )
            store.publish_all([publication])

    def withdraw(self, number: str) -> None:
        """Take a number out of service."""
        published = Published(at_ms=utc_ms(), by="test", why="", hash="")
        with PlanStore.open(self.config.plans, readonly=False) as store:
            store.withdraw(number, published)

    # -- records

    def calls(self, number: str) -> list[SeenCall]:
        """Return what the ledger has of a called number, oldest first, unsealed."""
        keys = KeyStore(self.config.keys)
        with Ledger.open_to_read(self.config.ledger) as ledger:
            # Whom a line calls is sealed, so the ledger cannot look for it.
            found = ledger.calls(CallFilter(number=number, limit=10_000)) or ledger.calls(
                CallFilter(kind="outgoing", limit=10_000)
            )
        calls = [unsealed(call, keys) for call in reversed(found)]
        return [call for call in calls if call.record.facts.attempt.called_number == number]

    def ended_calls(self, number: str, wanted: int, within_s: float = 10.0) -> list[SeenCall]:
        """Return the calls of a number once so many have ended; more than that is a failure."""

        def ended() -> list[SeenCall] | None:
            found = self.calls(number)
            return found if len(found) >= wanted and all(is_final(call.record) for call in found) else None

        wait_until(ended, f"{wanted} ended calls to {number} in the ledger\n{self.logs()}", within_s)
        self._expected[number] = wanted
        found = self.calls(number)
        assert len(found) == wanted, [call.record for call in found]
        return found

    def is_up(self, number: str) -> bool:
        """Return whether a call to a number is talked on, or was."""
        return any(call.record.is_confirmed for call in self.calls(number))

    def surplus(self) -> dict[str, int]:
        """Return the numbers that have another count of records now than when a test counted them."""
        counts = {number: len(self.calls(number)) for number in self._expected}
        return {number: count for number, count in counts.items() if count != self._expected[number]}

    def the_call(self, number: str, within_s: float = 10.0) -> SeenCall:
        """Return the one call of a number after it has ended."""
        return self.ended_calls(number, 1, within_s)[0]


def options(network: Network, source: tuple[str, int]) -> bytes:
    """Return an OPTIONS request."""
    host, port = source
    return (
        f"OPTIONS sip:{network.chakka} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{time.monotonic_ns()}\r\n"
        f"From: <sip:probe@{host}>;tag=1\r\nTo: <sip:{network.chakka}>\r\n"
        f"Call-ID: {time.monotonic_ns()}@{host}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
