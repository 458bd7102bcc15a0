"""Starts the processes of a node, starts again what dies, stops them in order (architecture.md §6)."""

import asyncio
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from chakka.cli import compiled
from chakka.config import Config

log = logging.getLogger("chakka.supervise")

# A process that dies at once, again and again, must not eat the machine; one that dies once must be back
# within three seconds (reliability.md §2).
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_STEADY_S = 10.0
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """One process of a node: its name for people, and its command line."""

    name: str
    command: tuple[str, ...]


def programs(config: Config, config_file: str) -> list[Program]:
    """Return the processes of a node in the order in which they start."""
    first, last = config.rtp_ports
    media = (
        *("--socket", str(config.media_socket), "--rtp-host", config.rtp_host),
        *("--rtp-ports", f"{first}-{last}", "--prompts", str(config.prompts)),
    )
    ingest = (
        *("--journal", str(config.journal), "--ledger", config.ledger_place),
        *("--tariff", config.tariff, "--tariffs", str(config.tariffs), "--feed", str(config.feed_socket)),
        *("--plans", str(config.plans)),
    )
    return [
        Program("media", _python("chakka.media", *media)),
        Program("callplane", _python("chakka.callplane", "--config", config_file)),
        *_announcer(config),
        Program("ingest", _python("chakka.ingest", *ingest)),
        *_portal(config, config_file),
    ]


def _portal(config: Config, config_file: str) -> list[Program]:
    """Return the server of the portal's pages, if the node offers them."""
    if config.portal.address is None:
        return []
    return [Program("portal", _python("chakka.portal", "--config", config_file, "serve"))]


def _announcer(config: Config) -> list[Program]:
    """Return the RFC 4240 server, if the node offers one; this node and its trunks are its peers."""
    if config.announcer is None:
        return []
    host, port = config.announcer
    peers = {config.listen[0], *(trunk_host for trunk in config.trunks for trunk_host in trunk.hosts)}
    arguments = (
        *("--listen", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"),
        *("--media", str(config.media_socket), "--own", str(config.directory / "announcer.sock")),
        *(word for peer in sorted(peers) for word in ("--peer", peer)),
    )
    return [Program("announcer", _python("chakka.announcer", *arguments))]


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


class Supervisor:
    """Keeps programs running until told to stop."""

    def __init__(self, wanted: Sequence[Program]) -> None:
        self._programs = tuple(wanted)
        self._stopping = asyncio.Event()
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def run(self) -> None:
        """Run all programs; return when they have stopped."""
        await asyncio.gather(*(self._keep(program) for program in self._programs))

    def stop(self) -> None:
        """Ask every program to stop."""
        self._stopping.set()
        for process in self._running.values():
            if process.returncode is None:
                process.terminate()

    async def _keep(self, program: Program) -> None:
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = loop.time()
            # A session of its own: Ctrl-C reaches the supervisor alone, which then stops them in order.
            process = await asyncio.create_subprocess_exec(
                *program.command, start_new_session=True, env=compiled.environment()
            )
            self._running[program.name] = process
            code = await self._ended(process)
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE_S if loop.time() - began > _STEADY_S else min(pause * 2, _LONGEST_PAUSE_S)
            log.warning("%s ended with code %s; starting it again in %.1f s", program.name, code, pause)
            await asyncio.sleep(pause)

    async def _ended(self, process: asyncio.subprocess.Process) -> int:
        """Wait for a process; once we are stopping it gets a limited time, then the axe."""
        waiting = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        try:
            return await asyncio.wait_for(
                asyncio.shield(waiting), _STOP_S if self._stopping.is_set() else None
            )
        except TimeoutError:
            process.kill()
            return await waiting
