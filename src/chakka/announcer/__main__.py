"""`python -m chakka.announcer`: announcements for any SIP proxy (RFC 4240)."""

import argparse
import asyncio
import logging
import signal
import sys
from ipaddress import ip_address
from pathlib import Path

from chakka.announcer.server import Server, announcer, sip_socket
from chakka.errors import InputError


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    address = ip_address(host)
    if address.is_unspecified or not 0 < int(port) < 65_536:
        raise ValueError(text)
    return host, int(port)


def _host(text: str) -> str:
    return str(ip_address(text))


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    wanted = argparse.ArgumentParser(prog="python -m chakka.announcer", description="Plays by RFC 4240.")
    wanted.add_argument("--listen", type=_address, required=True, metavar="ADDRESS:PORT", help="for SIP, UDP")
    wanted.add_argument("--media", type=Path, required=True, help="socket of the media process")
    wanted.add_argument("--own", type=Path, required=True, help="socket to bind for its answers")
    wanted.add_argument(
        "--peer",
        type=_host,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a host that may ask for early media, and for sound to another host than itself; repeatable",
    )
    return wanted


async def _serve(arguments: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    speaks = announcer(arguments.listen, frozenset(arguments.peer))
    with sip_socket(arguments.listen) as sip:
        await Server(sip, speaks, arguments.media, arguments.own).run(stopping)


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal comes; return 0, or 1 when the process cannot start."""
    arguments = parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(_serve(arguments))
    except (InputError, OSError) as fault:
        print(f"chakka announcer: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
