"""`chakka ladder`: the SIP messages of one recent call, who sent what to whom when."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from chakka.callplane.call_id import is_call_id
from chakka.cli.data_directory import add_data_option, places
from chakka.cli.status_page import ask
from chakka.errors import InputError

# Columns from one lifeline to the next.
_APART = 30
_MARGIN = 14


class _Message(msgspec.Struct, frozen=True):
    ms: int
    leg: int
    sent: bool
    peer: str
    transport: str
    start: str
    cseq: str
    body: bool


class _Ladder(msgspec.Struct, frozen=True):
    call_id: str
    called_number: str
    calling_number: str
    began_at: str
    legs: tuple[str, ...]
    messages: tuple[_Message, ...]
    left_out: int


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("ladder", help="show the SIP messages of one recent call")
    command.add_argument("call", help="the call's id, from `chakka calls`")
    add_data_option(command)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the ladder; return 1 if the call is not among the recent ones, 2 if no call plane answers."""
    try:
        if not is_call_id(arguments.call):
            raise InputError(f"{arguments.call!r} is no call id: 26 digits and capital letters")
        answer = ask(places(arguments).status_socket, f"/ladders/{arguments.call}")
    except InputError as fault:
        print(f"chakka ladder: {fault}", file=sys.stderr)
        return 2
    if answer.status != 200:
        print(f"no ladder of {arguments.call!r}: it is not among this run's recent calls", file=sys.stderr)
        return 1
    print(answer.body.decode() if arguments.json else "\n".join(as_lines(answer.body)))
    return 0


def as_lines(document: bytes) -> Iterator[str]:
    """Yield a ladder as lines for people; document: as the call plane gives it (JSON)."""
    ladder = msgspec.json.decode(document, type=_Ladder)
    yield f"call {ladder.call_id}  {ladder.calling_number} → {ladder.called_number}  {ladder.began_at}"
    # The caller stands to the left of chakka, lines to its right in the order in which they were tried.
    yield _heads(("ms", *(_name(ladder, column) for column in range(len(ladder.legs) + 1))))
    yield _heads(("", *(_peer(ladder, column) for column in range(len(ladder.legs) + 1))))
    for message in ladder.messages:
        yield f"{message.ms:>{_MARGIN - 4}}    {_arrow(message, len(ladder.legs) + 1)}"
    if ladder.left_out:
        yield f"and {ladder.left_out} more messages"


def _heads(words: tuple[str, ...]) -> str:
    first, *others = words
    return f"{first:>{_MARGIN - 4}}    {''.join(f'{word:<{_APART}}' for word in others)}".rstrip()


def _column(leg: int) -> int:
    return 0 if leg == 0 else leg + 1


def _name(ladder: _Ladder, column: int) -> str:
    return "chakka" if column == 1 else ladder.legs[column and column - 1]


def _peer(ladder: _Ladder, column: int) -> str:
    """Return where a party was first heard from, or written to."""
    found = (one for one in ladder.messages if _column(one.leg) == column)
    first: Any = next(found, None)
    return "" if first is None else f"{first.peer} {first.transport}"


def _arrow(message: _Message, columns: int) -> str:
    left, right = sorted((1, _column(message.leg)))
    points_right = message.sent == (right != 1)
    width = (right - left) * _APART - 1
    label = _label(message)[: width - 4]
    shaft = f" {label} ".center(width - 1, "-")
    arrow = f"{shaft}>" if points_right else f"<{shaft}"
    return "".join(
        "|" + (arrow if column == left else " " * (_APART - 1) if not left < column < right else "")
        for column in range(columns)
        if not left < column < right
    ).rstrip()


def _label(message: _Message) -> str:
    """Return what a message is: its method, or its status with the method that it answers."""
    if message.start.upper().startswith("SIP/"):
        method = message.cseq.rpartition(" ")[2]
        word = f"{message.start[8:]} ({method})"
    else:
        word = message.start.partition(" ")[0]
    return word + (" + body" if message.body else "")
