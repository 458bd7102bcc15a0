"""Real calls by SIPp against a server on the loopback, and what they cost the server."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from chakka.cli import compiled

HERE = Path(__file__).parent
HOST = "127.0.0.1"
# No round may hang the benchmark: SIPp gives up after this many seconds beyond the time that it needs.
_PATIENCE_S = 15
_START_S = 10.0


def free_port() -> int:
    """Return a UDP port of the loopback that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that all threads of a process have taken, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_bytes(pid: int) -> int:
    """Return how much memory of a process is in RAM and its own."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * 4096


def is_compiled() -> bool:
    """Return whether servers of ours run the compiled copy."""
    return compiled.is_fresh()


@contextlib.contextmanager
def server(command: Sequence[str], port: int) -> Iterator[int]:
    """Run a program that binds a UDP port; yield its process id once it has, and end it at the end."""
    silent = subprocess.DEVNULL
    # SIPp and sippy talk much; what of ours goes wrong shows in calls that fail.
    process = subprocess.Popen(
        command, cwd=HERE.parent, env=compiled.environment(), stdin=silent, stdout=silent, stderr=silent
    )
    try:
        _await_bound(process, port)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def module(name: str, *arguments: object) -> tuple[str, ...]:
    """Return the command line of this Python that runs a module."""
    return (sys.executable, "-m", name, *map(str, arguments))


@contextlib.contextmanager
def line() -> Iterator[int]:
    """Run a line that answers every call at once; yield its port."""
    port = free_port()
    with server(_sipp("line.xml", port), port):
        yield port


@contextlib.contextmanager
def calls_up(target: int, number: str, count: int, rate: int) -> Iterator[None]:
    """Set `count` calls up at `rate` a second and hold them."""
    port = free_port()
    many = ("-m", str(count), "-l", str(count), "-r", str(rate), "-d", "60000")
    with server((*_sipp("caller.xml", port), *many, "-s", number, f"{HOST}:{target}"), port):
        time.sleep(count / rate + 1.0)
        yield


def call(target: int, number: str, count: int, rate: int) -> None:
    """Make `count` calls at `rate` a second to the end. Raises: RuntimeError if any of them failed."""
    most_s = count // rate + _PATIENCE_S
    bounded = ("-m", str(count), "-l", "5000", "-r", str(rate), "-d", "0", "-timeout", str(most_s))
    asked = (*bounded, "-timeout_error", "-s", number, f"{HOST}:{target}")
    command = (*_sipp("caller.xml", free_port()), *asked)
    ended = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"SIPp ended with {ended.returncode}: {ended.stderr[-500:]}")


def _sipp(scenario: str, port: int) -> tuple[str, ...]:
    return ("sipp", "-sf", str(HERE / scenario), "-i", HOST, "-p", str(port), "-nostdin")


def _await_bound(process: "subprocess.Popen[bytes]", port: int) -> None:
    wanted = f":{port:04X} "
    patience = time.monotonic() + _START_S
    while wanted not in Path("/proc/net/udp").read_text():
        if process.poll() is not None or time.monotonic() > patience:
            raise RuntimeError(f"{process.args} does not listen on port {port}")
        time.sleep(0.05)
