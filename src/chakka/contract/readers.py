"""Readers: one for each kind of place in a plan. Each turns a node into a value or reports why it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from chakka.contract.nodes import Items, Kind, Node, Pairs, Scalar, key_place, repeated_key
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the readers of one text share: the numbering table, and the list where problems gather."""

    table: NumberingTable
    problems: list[Problem] = field(default_factory=list)

    def report(self, code: str, where: str, message: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(code=code, where=where, message=message))


class Read(Protocol):
    """Return the value of the node at `place`, or None after reporting why there is none."""

    def __call__(self, node: Node, place: str, reading: Reading) -> object | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How one place is read. `blank` stands in for what cannot be read, so that the rest is still checked."""

    read: Read
    blank: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a mapping; without `required` its absence means the value's own default."""

    reader: Reader
    required: bool = False


def text(node: Node, place: str, reading: Reading) -> str | None:
    """Read a text; of JSON only strings are text, since a number there has lost its zeros."""
    if isinstance(node, Scalar) and node.kind is Kind.TEXT:
        return node.text
    reading.report("bad_value", place, f"{_shown(node)} is no text; JSON writes text in quotes")
    return None


def number(node: Node, place: str, reading: Reading) -> str | None:
    """Read a telephone number; its hyphens are dropped."""
    written = text(node, place, reading)
    return None if written is None else without_hyphens(written)


def without_hyphens(written: str) -> str:
    """Return a telephone number without its hyphens: `03-5200-1234` is `0352001234`."""
    return written.replace("-", "")


def integer(node: Node, place: str, reading: Reading) -> int | None:
    """Read a whole number of at most nine digits."""
    if isinstance(node, Scalar) and node.kind in (Kind.TEXT, Kind.NUMBER):
        digits = node.text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= 9:
            return int(node.text)
    reading.report("bad_value", place, f"{_shown(node)} is no whole number")
    return None


def boolean(node: Node, place: str, reading: Reading) -> bool | None:
    """Read `true` or `false`, in the spellings of YAML 1.2 §10.3.2; `yes` and `off` are text."""
    if isinstance(node, Scalar) and node.kind in (Kind.TEXT, Kind.BOOLEAN):
        if node.text in ("true", "True", "TRUE"):
            return True
        if node.text in ("false", "False", "FALSE"):
            return False
    reading.report("bad_value", place, f"{_shown(node)} is neither true nor false")
    return None


def choice(words: type[StrEnum]) -> Reader:
    """Return the reader of one word out of an enumeration."""
    by_text = {word.value: word for word in words}

    def read(node: Node, place: str, reading: Reading) -> StrEnum | None:
        if isinstance(node, Scalar) and node.text in by_text:
            return by_text[node.text]
        reading.report("bad_value", place, f"{_shown(node)} is none of {', '.join(by_text)}")
        return None

    return Reader(read=read, blank=None)


def items(reader: Reader) -> Reader:
    """Return the reader of a list; an item that cannot be read leaves its blank, if there is one."""

    def read(node: Node, place: str, reading: Reading) -> tuple[object, ...] | None:
        if not isinstance(node, Items):
            reading.report("bad_value", place, f"{_shown(node)} is no list")
            return None
        values = (_filled(reader, item, f"{place}[{i}]", reading) for i, item in enumerate(node.items))
        return tuple(value for value in values if value is not None)

    return Reader(read=read, blank=())


def mapping(reader: Reader, key: Callable[[str], str] = str) -> Reader:
    """Return the reader of a mapping whose keys are the user's own words; `key` normalises them."""

    def read(node: Node, place: str, reading: Reading) -> dict[str, object] | None:
        if not isinstance(node, Pairs):
            reading.report("bad_value", place, f"{_shown(node)} is no mapping")
            return None
        values: dict[str, object] = {}
        for written, value in node.pairs.items():
            if key(written) in values:
                reading.problems.append(repeated_key(place, written))
            values.setdefault(key(written), _filled(reader, value, key_place(place, key(written)), reading))
        return values

    return Reader(read=read, blank={})


def structure(
    kind: Callable[..., object], keys: Mapping[str, Key], ignored: frozenset[str] = frozenset()
) -> Reader:
    """Return the reader of a mapping with known keys; unknown and missing ones are reported."""
    blanks = {name: key.reader.blank for name, key in keys.items() if key.required}

    def read(node: Node, place: str, reading: Reading) -> object | None:
        if not isinstance(node, Pairs):
            reading.report("bad_value", place, f"{_shown(node)} is no mapping")
            return None
        _report_keys(node, place, keys, reading, ignored)
        values = dict(blanks)
        for name, key in keys.items():
            if name in node.pairs:
                value = key.reader.read(node.pairs[name], key_place(place, name), reading)
                values |= {} if value is None else {name: value}
        return kind(**values)

    return Reader(read=read, blank=kind(**blanks))


TEXT = Reader(read=text, blank="")
NUMBER = Reader(read=number, blank="")
INTEGER = Reader(read=integer, blank=0)
BOOLEAN = Reader(read=boolean, blank=False)


def _report_keys(
    node: Pairs, place: str, keys: Mapping[str, Key], reading: Reading, ignored: frozenset[str]
) -> None:
    for name in node.pairs:
        if name not in keys and name not in ignored:
            known = ", ".join(keys)
            reading.report("unknown_key", key_place(place, name), f"{name!r} is no key here; known: {known}")
    for name, key in keys.items():
        if key.required and name not in node.pairs:
            reading.report("missing_key", key_place(place, name), f"{name!r} is required and left out")


def _filled(reader: Reader, node: Node, place: str, reading: Reading) -> object:
    value = reader.read(node, place, reading)
    return reader.blank if value is None else value


def _shown(node: Node) -> str:
    match node:
        case Scalar(text=written):
            return repr(written if len(written) <= 60 else written[:60] + "…")
        case Items():
            return "a list"
        case Pairs():
            return "a mapping"
