"""The plan as canonical text: the same contract gives the same bytes (plan-format.md)."""

import json
import re
from collections.abc import Mapping
from enum import Enum

import msgspec

from chakka.contract.model import WEEKDAYS, Contract, Schedule, Slot
from chakka.contract.notation import dates_text, slot_text

Tree = str | int | bool | list["Tree"] | dict[str, "Tree"]

# A list or mapping of plain values goes on one line up to this column.
LINE_WIDTH = 110
# Words that need no quotes: they cannot be taken for numbers, slots, dates, or any YAML's true, false, null.
PLAIN = re.compile(r"[^\W\d_][\w-]*")
GUESSED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# Printable in a Japanese name, although Python does not count it so.
IDEOGRAPHIC_SPACE = "\u3000"


def write_yaml(contract: Contract) -> bytes:
    """Return the contract as canonical YAML: UTF-8, LF, keys in the order of the example.

    Result: what equals its default is left out; numbers, slots and dates are in double quotes; reading
            it gives an equal contract, and writing that the same bytes.
    """
    return tree_yaml(document(contract))


def tree_yaml(tree: dict[str, Tree]) -> bytes:
    """Return plain values as YAML in the same form: what is exported beside a plan looks like one."""
    return "".join(f"{line}\n" for line in _block(tree, 0)).encode()


def write_json(contract: Contract) -> bytes:
    """Return the contract as JSON: the same keys and values in the same order, indented by two."""
    return f"{json.dumps(document(contract), ensure_ascii=False, indent=2)}\n".encode()


def document(contract: Contract) -> dict[str, Tree]:
    """Return the contract as plain lists, mappings, text, integers and booleans."""
    return _fields(contract)


def _fields(value: msgspec.Struct) -> dict[str, Tree]:
    return {
        field.name: _tree(held)
        for field in msgspec.structs.fields(value)
        if (held := getattr(value, field.name)) != _default(field)
    }


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _tree(value: object) -> Tree:
    match value:
        case Schedule():
            return _schedule(value)
        case Slot():
            return _slot(value)
        case msgspec.Struct():
            return _fields(value)
        case Enum():
            return str(value)
        case str() | bool() | int():
            return value
        case tuple():
            return [_tree(item) for item in value]
        case Mapping():
            return {str(key): _tree(item) for key, item in value.items()}
        case _:
            raise TypeError(f"a plan holds no {type(value).__name__}")


def _schedule(schedule: Schedule) -> dict[str, Tree]:
    tree = {
        "patterns": _tree(schedule.patterns),
        "week": _tree(dict(zip(WEEKDAYS, schedule.week, strict=True))),
    }
    if schedule.holiday is not None:
        tree["holiday"] = schedule.holiday
    if schedule.dates:
        tree["dates"] = {dates_text(rule): rule.pattern for rule in schedule.dates}
    return tree


def _slot(slot: Slot) -> Tree:
    if slot.weights is None:
        return slot_text(slot)
    return {"slot": slot_text(slot), "weights": _tree(slot.weights)}


def _block(tree: dict[str, Tree] | list[Tree], indent: int) -> list[str]:
    """Return the lines of a collection, each of its members on lines of its own."""
    pad = " " * indent
    lines: list[str] = []
    for lead, value in _members(tree):
        if isinstance(value, (dict, list)) and not _fits(value, indent + len(lead)):
            members = _block(value, indent + 2)
            if lead == "-":
                lines.append(f"{pad}- {members.pop(0).lstrip(' ')}")
            else:
                lines.append(f"{pad}{lead}")
            lines += members
        else:
            lines.append(f"{pad}{lead} {_flow(value)}")
    return lines


def _members(tree: dict[str, Tree] | list[Tree]) -> list[tuple[str, Tree]]:
    if isinstance(tree, list):
        return [("-", value) for value in tree]
    return [(f"{_scalar(key)}:", value) for key, value in tree.items()]


def _fits(collection: dict[str, Tree] | list[Tree], column: int) -> bool:
    """Return whether a collection goes on one line: plain values only, and few enough."""
    items = collection.values() if isinstance(collection, dict) else collection
    if any(isinstance(item, (dict, list)) for item in items):
        return False
    return column + 1 + len(_flow(collection)) <= LINE_WIDTH


def _flow(value: Tree) -> str:
    match value:
        case dict():
            return f"{{{', '.join(f'{_scalar(key)}: {_flow(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case _:
            return _scalar(value)


def _scalar(value: str | int | bool) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str() if PLAIN.fullmatch(value) and value.casefold() not in GUESSED:
            return value
        case str():
            return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    """Return a character as it stands in double quotes (YAML 1.2 §5.7)."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable() or character == IDEOGRAPHIC_SPACE:
        return character
    return f"\\U{ord(character):08x}"
