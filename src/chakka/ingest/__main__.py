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
from chakka.ingest.guard import Guard
from chakka.ingest.run import OnRated, run
from chakka.stores.ledger import Ledger, LedgerUnavailable, Rated, Warned
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
            run(arguments.journal, ledger, rules, _hearing(arguments.plans, ledger, rules, feed), stop)
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
    parser.add_argument("--plans", type=Path, help="plan store, for caps in yen; left out: no money guard")
    return parser


def _hearing(plans: Path | None, ledger: Ledger, rules: CurrentRules, feed: Feed | None) -> OnRated:
    """Return what is to be told of calls that were rated: the feed and the money guard, if there are any."""
    guard = None if plans is None else Guard(plans, ledger, rules, feed.warn if feed else _unheard)

    def hear(rated: Iterable[Rated]) -> None:
        if feed is not None:
            feed.send(rated)
        if guard is not None:
            guard.hear()

    return hear


def _unheard(_warnings: Iterable[Warned]) -> None:
    """Tell nobody."""


if __name__ == "__main__":
    sys.exit(main())
