"""Commands of the business: the portal (`python -m chakka.portal`) runs them; here they are only found."""

import argparse
import os
import runpy
import sys

from chakka.cli.data_directory import add_data_option


def add_portal_command(parser: argparse.ArgumentParser, what_it_does: str) -> None:
    """Let a parser take an action and its words, whatever they are."""
    parser.epilog = what_it_does
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", metavar="ACTION")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="…", help="of the action")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Hand everything to the portal, which alone knows the business database, and return its exit code."""
    places = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_data_option(places)
    places.add_argument("--config")
    known, words = places.parse_known_args(arguments.words)
    if known.data is not None:
        os.environ["CHAKKA_DATA"] = str(known.data)
    if known.config is not None:
        os.environ["CHAKKA_CONFIG"] = known.config
    sys.argv = ["chakka", arguments.command, arguments.action, *words]
    try:
        # By name, at run time: commands must not import Django, which takes a third of a second.
        runpy.run_module("chakka.portal", run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0
