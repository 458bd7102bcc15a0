"""JSON text to nodes, with repeated keys seen and numbers kept as they were written."""

import json

from chakka.contract.nodes import (
    Items,
    Kind,
    Node,
    Pairs,
    Scalar,
    SyntaxFault,
    check_depth,
    key_place,
    repeated_key,
)
from chakka.errors import Problem


class _Number(str):
    """A number as written; `int` would lose zeros and `float` digits."""

    __slots__ = ()


class _Members(list[tuple[str, object]]):
    """An object's members, repeated keys included."""


def json_node(text: str) -> tuple[Node | None, list[Problem]]:
    """Return a JSON text as nodes, and every syntax problem.

    Result: repeated keys are reported and the first value is kept; broken text is None and one problem.
    Source: RFC 8259.
    """
    problems: list[Problem] = []
    try:
        return _node(_parsed(text), "", problems), problems
    except SyntaxFault as fault:
        return None, [*problems, fault.problem]


def _parsed(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_Number,
            object_pairs_hook=_Members,
        )
    except json.JSONDecodeError as error:
        raise SyntaxFault("", f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise SyntaxFault("", "is nested too deeply to be a plan") from error


def _node(value: object, place: str, problems: list[Problem], depth: int = 0) -> Node:
    check_depth(depth, place)
    if isinstance(value, _Members):
        return _pairs(value, place, problems, depth)
    if isinstance(value, list):
        items = (_node(item, f"{place}[{i}]", problems, depth + 1) for i, item in enumerate(value))
        return Items(items=tuple(items))
    return _scalar(value, place)


def _pairs(members: _Members, place: str, problems: list[Problem], depth: int) -> Pairs:
    pairs: dict[str, Node] = {}
    for key, value in members:
        _refuse_surrogate(key, place)
        node = _node(value, key_place(place, key), problems, depth + 1)
        if key in pairs:
            problems.append(repeated_key(place, key))
        pairs.setdefault(key, node)
    return Pairs(pairs=pairs)


def _scalar(value: object, place: str) -> Scalar:
    if isinstance(value, _Number):
        return Scalar(text=str(value), kind=Kind.NUMBER)
    if isinstance(value, str):
        _refuse_surrogate(value, place)
        return Scalar(text=value)
    if isinstance(value, bool):
        return Scalar(text="true" if value else "false", kind=Kind.BOOLEAN)
    return Scalar(text="null", kind=Kind.NULL)


def _refuse_surrogate(text: str, place: str) -> None:
    # RFC 8259 §8.2: "\ud800" alone is grammatical JSON but no character; it could never be written out.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise SyntaxFault(place, f"half of a surrogate pair in {text!a}")
