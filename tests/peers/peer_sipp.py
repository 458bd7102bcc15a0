"""SIPp as caller and as line: runs a scenario, and tells what went over the wire."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

from peer_node import SIP_PORT, Line, Node, wait_until
from peer_steps import scenario

GIVES_UP_S = 40

_places = count()
# One connection for all calls.
_TRANSPORTS = {"udp": (), "tcp": ("-t", "t1")}
_MESSAGE = re.compile(
    r"^-{47} ([^\n]*)\n(?:UDP |TCP )?message (received|sent) [^\n]*\n\n(.*?)(?=^-{47}|\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message as it went over the wire. at: seconds UTC when SIPp had it."""

    start_line: str
    headers: tuple[tuple[str, str], ...]
    body: str
    text: str
    at: float

    @classmethod
    def read(cls, text: str, at: float) -> "Message":
        """Return the message of a text."""
        head, _, body = text.replace("\r\n", "\n").strip("\n").partition("\n\n")
        start_line, *lines = head.split("\n")
        pairs = (line.partition(":") for line in lines)
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
        return cls(start_line, headers, body, text, at)

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for known, value in self.headers if known == name.lower()]

    def __getitem__(self, name: str) -> str:
        """Return the first value of a header, "" when there is none."""
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        """The status of a response, 0 for a request."""
        return int(self.start_line.split(" ")[1]) if self.start_line.startswith("SIP/2.0 ") else 0

    @property
    def audio(self) -> tuple[str, int]:
        """Where the sender of this session description has its audio."""
        lines = self.body.splitlines()
        host = next(line.split()[-1] for line in lines if line.startswith("c="))
        port = next(line.split()[1] for line in lines if line.startswith("m=audio"))
        return host, int(port)

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self["CSeq"].split(" ")[-1] if self.status else self.start_line.split(" ")[0]


class Sipp:
    """One run of SIPp."""

    def __init__(self, process: "subprocess.Popen[bytes]", directory: Path, name: str) -> None:
        self._process = process
        self._directory = directory
        self._name = name

    @property
    def has_ended(self) -> bool:
        """Whether SIPp is through."""
        return self._process.poll() is not None

    def finish(self, within_s: float = GIVES_UP_S + 5) -> "Sipp":
        """Wait until SIPp is through; fail unless every call went as the scenario says."""
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"{self._name} did not come to an end:\n{self._story()}") from None
        assert code == 0, f"{self._name}: SIPp ended with {code}:\n{self._story()}"
        return self

    def end(self) -> None:
        """Stop SIPp, through or not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def received(self) -> list[Message]:
        """Return what SIPp received, in order."""
        return self._messages("received")

    def sent(self) -> list[Message]:
        """Return what SIPp sent, in order."""
        return self._messages("sent")

    def final(self) -> Message:
        """Return the first final response to the INVITE that SIPp received."""
        return next(m for m in self.received() if m.status >= 200 and m.method == "INVITE")

    def statuses(self) -> list[int]:
        """Return the statuses of responses to the INVITE, in order, each once."""
        return list(dict.fromkeys(m.status for m in self.received() if m.status and m.method == "INVITE"))

    def requests(self, method: str) -> list[Message]:
        """Return the requests of a method that SIPp received."""
        return [m for m in self.received() if not m.status and m.method == method]

    def was_never_called(self) -> bool:
        """Return whether SIPp still waits and nothing has come."""
        return not self.has_ended and not self.received()

    def _messages(self, direction: str) -> list[Message]:
        path = self._directory / f"{self._name}.messages"
        text = path.read_bytes().decode(errors="replace") if path.exists() else ""
        return [
            # SIPp writes local time.
            Message.read(found, datetime.fromisoformat(at).timestamp())
            for at, kind, found in _MESSAGE.findall(text)
            if kind == direction
        ]

    def _story(self) -> str:
        parts = (self._directory / f"{self._name}.{end}" for end in ("errors", "messages", "output"))
        return "\n".join(part.read_text(errors="replace")[-6000:] for part in parts if part.exists())


class Sipps:
    """Starts SIPp peers of one node and ends those that are left over."""

    def __init__(self, node: Node, directory: Path) -> None:
        self._node = node
        self._directory = directory
        self._running: list[Sipp] = []

    def line(self, line: Line, steps: Sequence[str], *, calls: int = 1) -> Sipp:
        """Return a telephone on a line that is ready to be called."""
        how = ("-m", str(calls), *_TRANSPORTS[line.transport])
        sipp = self._start(line.host, SIP_PORT, steps, how)
        wait_until(
            lambda: is_bound(line.host, SIP_PORT, line.transport) or sipp.has_ended,
            f"SIPp listens on {line.host}",
        )
        return sipp

    def caller(
        self,
        number: str,
        steps: Sequence[str],
        *,
        host: str = "",
        calls: int = 1,
        rate: int = 10,
        lost: int = 0,
        transport: str = "udp",
    ) -> Sipp:
        """Return callers that dial a freephone number now.

        host: of the trunk, the trusted carrier's unless told. rate: calls a second. lost: percent of packets.
        """
        network = self._node.network
        dials = (f"{network.chakka}:{SIP_PORT}", "-s", number)
        load = (
            "-m",
            str(calls),
            "-r",
            str(rate),
            "-l",
            str(calls),
            "-lost",
            str(lost),
            *_TRANSPORTS[transport],
        )
        return self._start(host or network.carrier, 6000 + next(_places) % 20_000, steps, (*dials, *load))

    def _start(self, host: str, port: int, steps: Sequence[str], more: Sequence[str]) -> Sipp:
        name = f"sipp{next(_places)}-{host}"
        (self._directory / f"{name}.xml").write_text(scenario(steps), encoding="latin-1")
        command = (
            *("sipp", "-sf", f"{name}.xml", "-i", host, "-p", str(port), "-nostdin", "-skip_rlimit"),
            *(
                "-trace_msg",
                "-message_file",
                f"{name}.messages",
                "-trace_err",
                "-error_file",
                f"{name}.errors",
            ),
            *("-timeout", f"{GIVES_UP_S}s", "-timeout_error", "-max_socket", "1000", *more),
        )
        with (self._directory / f"{name}.output").open("wb") as output:
            process = subprocess.Popen(
                command, cwd=self._directory, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        sipp = Sipp(process, self._directory, name)
        self._running.append(sipp)
        return sipp

    def end(self) -> None:
        """Stop every peer that is left."""
        for sipp in self._running:
            sipp.end()


def is_bound(host: str, port: int, transport: str = "udp") -> bool:
    """Return whether some process listens on an address."""
    address = f"{int.from_bytes(bytes(map(int, host.split('.'))), 'little'):08X}:{port:04X}"
    table = Path(f"/proc/net/{transport}").read_text(encoding="ascii")
    return any(row.split()[1] == address for row in table.splitlines()[1:])
