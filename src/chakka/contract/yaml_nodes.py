"""YAML text to nodes: the events of the YAML parser, without its guesses at types."""

from collections.abc import Iterator
from typing import Protocol

import yaml

from chakka.contract.nodes import (
    Items,
    Node,
    Pairs,
    Scalar,
    SyntaxFault,
    check_depth,
    key_place,
    repeated_key,
)
from chakka.errors import Problem

# libyaml reads a megabyte in a fraction of a second, the pure parser in about a minute.
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def yaml_node(text: str) -> tuple[Node | None, list[Problem]]:
    """Return the one document of a YAML text as nodes, and every syntax problem.

    Result: repeated keys are reported and the first value is kept; anything else (anchor, alias, tag,
            second document, broken text) ends the reading: None and the one problem.
    Source: plan-format.md; YAML 1.2 §10.3 core schema, with all scalars left as text.
    """
    composer = _Composer(text)
    try:
        return composer.document(), composer.problems
    except SyntaxFault as fault:
        return None, [*composer.problems, fault.problem]
    except yaml.YAMLError as error:
        return None, [*composer.problems, Problem(code="syntax", where="", message=_sentence(error))]


class _Position(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Composer:
    def __init__(self, text: str) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(text, Loader=LOADER)
        self.problems: list[Problem] = []

    def document(self) -> Node:
        next(self.events)
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise SyntaxFault("", "the text is empty")
        node = self.node(next(self.events), "", 0)
        next(self.events)
        if not isinstance(following := next(self.events), yaml.StreamEndEvent):
            raise SyntaxFault("", f"a second document begins at {_mark(following.start_mark)}; a plan is one")
        return node

    def node(self, event: yaml.Event, place: str, depth: int) -> Node:
        check_depth(depth, place)
        _refuse_reference(event, place)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(text=event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(place, depth)
        return self.pairs(place, depth)

    def items(self, place: str, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, f"{place}[{len(items)}]", depth + 1))
        return Items(items=tuple(items))

    def pairs(self, place: str, depth: int) -> Pairs:
        pairs: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            _refuse_reference(event, place)
            if not isinstance(event, yaml.ScalarEvent):
                raise SyntaxFault(place, f"the key at {_mark(event.start_mark)} is a collection, not text")
            key: str = event.value
            node = self.node(next(self.events), key_place(place, key), depth + 1)
            if key in pairs:
                self.problems.append(repeated_key(place, key))
            pairs.setdefault(key, node)
        return Pairs(pairs=pairs)


def _refuse_reference(event: yaml.Event, place: str) -> None:
    mark = _mark(event.start_mark)
    if isinstance(event, yaml.AliasEvent):
        raise SyntaxFault(place, f"alias *{event.anchor} at {mark}; write the value out")
    if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
        raise SyntaxFault(place, f"anchor &{event.anchor} at {mark}; write each value out where it is used")
    if getattr(event, "tag", None) is not None:
        raise SyntaxFault(place, f"a tag at {mark}; values are plain text, without tags")


def _sentence(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return f"{error.problem} at {_mark(error.problem_mark)}"
    # Only the reader's complaints about characters have no mark.
    return " ".join(str(error).split())


def _mark(mark: _Position | None) -> str:
    if mark is None:
        return "an unknown place"
    return f"line {mark.line + 1}, column {mark.column + 1}"
