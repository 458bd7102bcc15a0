"""`python -m chakka.media`: the media process."""

import argparse
import sys
from pathlib import Path

from chakka.errors import InputError
from chakka.media.library import PromptLibrary
from chakka.media.mailbox import Mailbox
from chakka.media.player import SILENT_S, Player
from chakka.media.ports import RtpPorts
from chakka.media.server import Server, settle, stop_on_signals


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chakka.media", description="Plays announcements and relays calls."
    )
    parser.add_argument("--socket", type=Path, required=True, help="Unix path to take commands on")
    parser.add_argument("--rtp-host", default="127.0.0.1", help="IP address to send RTP from")
    parser.add_argument("--rtp-ports", type=_ports, default=(20_000, 29_999), metavar="FIRST-LAST")
    parser.add_argument(
        "--silent-s",
        type=float,
        default=SILENT_S,
        metavar="SECONDS",
        help="a joined peer that sends nothing for so long is reported",
    )
    parser.add_argument("--prompts", type=Path, required=True, help="directory of rendered clips")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal comes; return 0, or 1 when the process cannot start."""
    arguments = _parser().parse_args(argv)
    try:
        clips = PromptLibrary.load(arguments.prompts).clips
        ports = RtpPorts(arguments.rtp_host, *arguments.rtp_ports)
        server = Server(Player(clips, ports, arguments.silent_s), Mailbox(arguments.socket))
        settle()
        stop_on_signals(server)
        server.run()
    except InputError as error:
        print(f"chakka media: {error}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem.message}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"chakka media: {arguments.socket}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
