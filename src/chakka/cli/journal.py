"""`chakka journal verify`: is everything that was written still what was written?"""

import argparse
import sys

import msgspec

from chakka.cli.data_directory import add_data_option, places
from chakka.stores.journal_reader import Verified, verify


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("journal", help="check the journal")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="verify")
    checking = verbs.add_parser("verify", help="check every hash; one changed byte is found")
    add_data_option(checking)
    checking.add_argument("--json", action="store_true")
    checking.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found; return 1 if anything durable was changed, 2 if there is no journal."""
    directory = places(arguments).journal
    if not directory.is_dir():
        print(f"chakka journal: no journal in {directory}", file=sys.stderr)
        return 2
    verified = verify(directory)
    print(msgspec.json.encode(verified).decode() if arguments.json else as_text(verified))
    return 1 if verified.damages else 0


def as_text(verified: Verified) -> str:
    """Return the findings as lines for people, the damages first."""
    lines = [f"{damage.segment}: DAMAGED: {damage.message}" for damage in verified.damages]
    lines += [f"{tail.segment}: {tail.message}" for tail in verified.torn]
    state = f"{len(verified.damages)} damages" if verified.damages else "every hash is right"
    return "\n".join([*lines, f"{verified.entries} entries in {verified.segments} segments: {state}"])
