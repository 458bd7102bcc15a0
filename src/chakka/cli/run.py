"""`chakka run`: the whole service in the foreground, with calls shown as they happen."""

import argparse
import asyncio
import errno
import logging
import signal
import socket
import sys
from pathlib import Path

import msgspec

from chakka import facts
from chakka.cli import demo
from chakka.cli.supervise import Program, Supervisor, programs
from chakka.cli.watching import line_of
from chakka.config import Address, Config
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.stores.plan_store import PlanStore


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser("run", help="run media, call plane, ingest and portal in the foreground")
    parser.add_argument("--config", type=Path, help="configuration (TOML); left out: the demo business")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run until Ctrl-C; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    is_demo = arguments.config is None
    try:
        config_file = demo.prepare(Path("var")) if is_demo else arguments.config
        config = parse_config(config_file.read_bytes(), config_file.parent)
        _check(config)
    except (InputError, OSError) as fault:
        print(f"chakka run: {fault}", file=sys.stderr)
        return 2
    _say_where(config, config_file)
    wanted = programs(config, str(config_file))
    if is_demo:
        demo.open_business(config, config_file)
        print(demo.how_to_dial(config))
        wanted.append(demo.telephone(config))
    asyncio.run(_serve(config, wanted))
    return 0


def _check(config: Config) -> None:
    """Find out now what would otherwise make a process die again and again."""
    if not (config.prompts / "manifest.json").exists():
        raise InputError(
            f"no announcements in {config.prompts}: run `make setup`, or python -m chakka.media.speech"
        )
    facts.tariff_named(config.tariff, config.tariffs)
    config.directory.mkdir(parents=True, exist_ok=True)
    PlanStore.open(config.plans, readonly=False).close()
    host, port = config.listen
    _check_address(f"[listen] udp = {host}:{port}", config.listen)
    if config.portal.address is not None:
        _check_address(f"[portal] listen = {config.portal.listen}", config.portal.address, socket.SOCK_STREAM)
    _check_address(f"[rtp] host = {config.rtp_host}", (config.rtp_host, 0))


def _check_address(where: str, address: Address, transport: int = socket.SOCK_DGRAM) -> None:
    kind = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(kind, transport) as trial:
        # What the portal left behind in TIME_WAIT is no reason not to start.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(transport == socket.SOCK_STREAM))
        try:
            trial.bind(address)
        except OSError as fault:
            hint = "; is chakka running already?" if fault.errno == errno.EADDRINUSE else ""
            raise InputError(f"{where}: {fault.strerror}{hint}") from fault


def _say_where(config: Config, config_file: Path) -> None:
    host, port = config.listen
    print(f"chakka listens on {host}:{port} (UDP). Configuration: {config_file}; data: {config.directory}/")


async def _serve(config: Config, wanted: list[Program]) -> None:
    supervisor = Supervisor(wanted)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    config.feed_socket.unlink(missing_ok=True)
    if config.watch.log_calls:
        await supervisor.run()
    else:
        await _run_shown(supervisor, config)
    print("chakka has stopped.")


async def _run_shown(supervisor: Supervisor, config: Config) -> None:
    """Run with calls shown for people, as the call plane does not log them."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as feed:
        feed.setblocking(False)
        feed.bind(str(config.feed_socket))
        loop.add_reader(feed.fileno(), _show, feed)
        await supervisor.run()
        loop.remove_reader(feed.fileno())
    config.feed_socket.unlink(missing_ok=True)


def _show(feed: socket.socket) -> None:
    try:
        event = msgspec.json.decode(feed.recv(65_536))
    except (BlockingIOError, msgspec.DecodeError):
        return
    line = line_of(event)
    if line:
        print(line, flush=True)
