"""`chakka tariff`: check and publish tariffs, show them, and try them on calls."""

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import msgspec

from chakka.charging.succession import dated, successor_problems
from chakka.cli import tariff_file, tariff_what_if
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.plan_file import problem_lines
from chakka.cli.tariff_text import as_lines, summary, versions_table
from chakka.clock import utc_ms
from chakka.errors import InputError
from chakka.facts import parse_tariff, tariff_texts, tariff_version, tariffs
from chakka.stores.tariff_store import TariffStore

# A tariff is a page of text; what is longer is another file.
MOST_BYTES = 1 << 20


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("tariff", help="check, publish, show and try tariffs")
    verbs = command.add_subparsers(dest="verb", required=True, metavar="check|publish|show|list|…")
    check = verbs.add_parser("check", help="say everything that is wrong with a tariff's text")
    check.add_argument("file", type=Path, help="the tariff as TOML")
    check.set_defaults(run=run_check)
    publish = verbs.add_parser("publish", help="put a version into service, for ever")
    publish.add_argument("file", type=Path, help="the tariff as TOML")
    publish.add_argument(
        "--from",
        dest="first_day",
        type=_day,
        metavar="YYYY-MM-DD",
        help="the first day (JST) of the version, if the text does not say it",
    )
    publish.set_defaults(run=run_publish)
    show = verbs.add_parser("show", help="show the newest version of a tariff, or any")
    show.add_argument("name", help="NAME, or NAME@HASH for one version")
    show.add_argument("--text", action="store_true", help="print the text as it was published")
    show.set_defaults(run=run_show)
    listed = verbs.add_parser("list", help="list every version of every tariff")
    listed.set_defaults(run=run_list)
    for verb in (check, publish, show, listed):
        add_data_option(verb)
        verb.add_argument("--json", action="store_true")
    tariff_file.add(verbs)
    tariff_what_if.add(verbs)


def run_check(arguments: argparse.Namespace) -> int:
    """Print every problem and return 1; or print what the tariff costs and return 0."""
    return _refusing(lambda: _check(arguments), arguments)


def run_publish(arguments: argparse.Namespace) -> int:
    """Publish and print the version; or print every problem and return 1, nothing published."""
    return _refusing(lambda: _publish(arguments), arguments)


def run_show(arguments: argparse.Namespace) -> int:
    """Print one version; return 2 if there is none of this name."""
    published = places(arguments).tariffs
    try:
        tariff = tariff_version(arguments.name, published)
        text = tariff_texts(published)[tariff.version].decode()
    except InputError as fault:
        print(f"chakka tariff: {fault}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode(summary(tariff) | {"text": text}).decode())
    elif arguments.text:
        print(text, end="")
    else:
        print("\n".join(as_lines(tariff)))
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    """Print one line for each version, or return 2 if a published one is damaged."""
    try:
        known = tariffs(places(arguments).tariffs)
    except InputError as fault:
        print(f"chakka tariff: {fault}", file=sys.stderr)
        return 2
    print(versions_table(known.values(), as_json=arguments.json))
    return 0


def _refusing(work: Callable[[], str], arguments: argparse.Namespace) -> int:
    """Print what `work` returns and return 0; 1 with the problems of a text, 2 if a file is out of reach."""
    try:
        print(work())
    except (InputError, OSError) as fault:
        if not (isinstance(fault, InputError) and fault.problems):
            print(f"chakka tariff: {fault}", file=sys.stderr)
            return 2
        if arguments.json:
            print(msgspec.json.encode({"version": None, "problems": fault.problems}).decode())
        else:
            print(problem_lines(fault.problems))
        return 1
    return 0


def _check(arguments: argparse.Namespace) -> str:
    tariff = parse_tariff(_content(arguments.file))
    if arguments.json:
        return msgspec.json.encode(summary(tariff) | {"problems": []}).decode()
    return "no problems\n" + "\n".join(as_lines(tariff))


def _publish(arguments: argparse.Namespace) -> str:
    content = _content(arguments.file)
    if arguments.first_day is not None:
        content = dated(content, arguments.first_day)
    tariff = parse_tariff(content)
    published = places(arguments).tariffs
    store = TariffStore(published)
    with store.publishing():
        if tariff.version not in tariff_texts(published):
            newest = tariffs(published).get(tariff.name)
            problems = successor_problems(tariff, newest, utc_ms())
            if problems:
                raise InputError("the version cannot follow those that are published", problems)
            store.write(tariff.version, content)
    return (
        msgspec.json.encode(summary(tariff) | {"problems": []}).decode() if arguments.json else tariff.version
    )


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"{path}: a tariff has at most {MOST_BYTES} bytes")
    return content


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write 2027-04-01") from fault
