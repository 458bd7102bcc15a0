"""`python -m chakka.callplane --config FILE`: the embedded call plane as a process of its own."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from chakka import facts
from chakka.callplane.plane import CallPlane, Sources
from chakka.callplane.server import Server, sip_socket
from chakka.callplane.tokens import Tokens
from chakka.config import Address, Config
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.sip.address import Transport
from chakka.sip.agent import UserAgent
from chakka.stores.group_commit import GroupCommit
from chakka.stores.journal import Journal
from chakka.stores.plans_in_place import PlansInPlace


def call_plane(config: Config, store: PlansInPlace) -> CallPlane:
    """Return a call plane over a plan store, with chance from the operating system."""
    here = _written(config.listen)
    taken: dict[Transport, Address | None] = {"tcp": config.listen_tcp, "tls": config.listen_tls}
    agent = UserAgent(
        contact=f"sip:{here}",
        via_host=here,
        timers=config.timers,
        token=Tokens().next,
        product="chakka",
        listening={transport: _written(address) for transport, address in taken.items() if address},
        may_accept=lambda address: config.trunk_at(address) is not None,
    )
    sources = Sources(
        table=facts.numbering_table(),
        read_plan=store.read,
        read_live=store.read_live,
        presentable=store.presentable,
        randomness=os.urandom,
    )
    return CallPlane(config, agent, sources)


def _written(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    with PlansInPlace(config.plans) as store, sip_socket(config.listen) as sip:
        journal = GroupCommit(Journal.open(config.journal, config.node), loop)
        await Server(config, call_plane(config, store), sip, journal).run(stopping)


def main() -> int:
    """Run the call plane; return the exit code."""
    parser = argparse.ArgumentParser(prog="chakka.callplane", description="The embedded call plane.")
    parser.add_argument("--config", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        config = parse_config(arguments.config.read_bytes(), arguments.config.parent)
        asyncio.run(serve(config))
    except (InputError, OSError) as fault:
        print(f"chakka.callplane: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
