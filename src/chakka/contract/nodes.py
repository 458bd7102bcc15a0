"""A document as nodes: what YAML and JSON have in common once every scalar is text."""

from enum import StrEnum

import msgspec

from chakka.errors import Problem

MAX_BYTES = 1 << 20
# The deepest plan has eight levels (a slot's weights); beyond this the text is hostile or broken.
MAX_DEPTH = 24


class Kind(StrEnum):
    """What a scalar was written as; YAML scalars are all text, whatever they look like."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """One value as it was written: `0120…` keeps its zero, `off` is no boolean."""

    text: str
    kind: Kind = Kind.TEXT


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """A list."""

    items: tuple["Node", ...]


class Pairs(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping, in text order; of a repeated key the first value."""

    pairs: dict[str, "Node"]


Node = Scalar | Items | Pairs


class SyntaxFault(Exception):
    """The text cannot be read any further."""

    def __init__(self, where: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(code="syntax", where=where, message=message)


def key_place(place: str, key: str) -> str:
    """Return the place of a key inside a mapping: `groups[1].origin`."""
    return f"{place}.{key}" if place else key


def check_depth(depth: int, place: str) -> None:
    """Raise SyntaxFault when collections are nested deeper than any plan."""
    if depth > MAX_DEPTH:
        raise SyntaxFault(place, f"is nested deeper than {MAX_DEPTH} levels")


def repeated_key(place: str, key: str) -> Problem:
    """Return the problem of a key that a mapping holds twice."""
    message = f"key {key!r} appears twice; each key is written once"
    return Problem(code="syntax", where=key_place(place, key), message=message)
