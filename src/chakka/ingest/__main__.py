"""`python -m chakka.ingest`: keeps the ledger up to the journal until it is told to stop."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from chakka.errors import InputError
from chakka.ingest.current_rules import CurrentRules
from chakka.ingest.feed import Feed
from chakka.ingest.run import run
from chakka.stores.ledger import LedgerUnavailable, Rated
from chakka.stores.open_ledger import open_ledger

log = logging.getLogger("chakka.ingest")


def main(argv: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; return 0 then, 2 if the ledger cannot be used."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="ingest %(levelname)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        rules = CurrentRules(arguments.tariff, arguments.tariffs)
        ledger = open_ledger(arguments.ledger)
    except (InputError, LedgerUnavailable) as fault:
        print(f"ingest: {fault}", file=sys.stderr)
        return 2
    feed = Feed(arguments.feed) if arguments.feed else None
    try:
        with ledger:
            run(arguments.journal, ledger, rules, feed.send if feed else _unheard, stop)
    except InputError as fault:
        log.error("%s", fault)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chakka.ingest", description="Journal to ledger.")
    parser.add_argument("--journal", type=Path, required=True, help="directory of the journal's segments")
    parser.add_argument("--ledger", required=True, help="SQLite file, made if absent, or postgresql://…")
    parser.add_argument("--tariff", required=True, help="name of the tariff by which calls are charged")
    parser.add_argument(
        "--tariffs", type=Path, default=Path("var/tariffs"), help="directory of published tariffs"
    )
    parser.add_argument("--feed", type=Path, help="Unix datagram socket that is told of each rated call")
    return parser


def _unheard(_rated: Iterable[Rated]) -> None:
    """Tell nobody."""


if __name__ == "__main__":
    sys.exit(main())
