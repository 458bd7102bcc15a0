"""The plan as text: YAML or JSON in, canonical YAML or JSON out (plan-format.md)."""

import re
from typing import Literal

from chakka.contract.build import contract as built_contract
from chakka.contract.json_nodes import json_node
from chakka.contract.model import Contract
from chakka.contract.nodes import MAX_BYTES, Node
from chakka.contract.readers import Reading
from chakka.contract.rules import problems as rule_problems
from chakka.contract.write import write_json, write_yaml
from chakka.contract.yaml_nodes import yaml_node
from chakka.errors import Problem
from chakka.numbering.table import NumberingTable

__all__ = ["Form", "parse_node", "read", "write_json", "write_yaml"]

Form = Literal["yaml", "json"]


def read(
    text: bytes, table: NumberingTable, form: Form | None = None
) -> tuple[Contract | None, list[Problem]]:
    """Return the contract that a plan text says, or None and everything that is wrong with the text.

    text:   UTF-8, at most 1 MiB; a block `live:` (facts that are no part of a plan) is allowed, not read.
    form:   None: a text that starts with `{` and is JSON is read as JSON, all else as YAML.
    Result: with a contract the list is empty and `rules.problems` says whether the rules are kept;
            without one the list also holds what the rules say of the readable rest.
    Source: plan-format.md.
    """
    node, problems = parse_node(text, form)
    if node is None:
        return None, problems
    reading = Reading(table=table, problems=problems)
    contract = built_contract(node, reading)
    if contract is None or not problems:
        return contract, problems
    return None, [*problems, *_beyond(problems, rule_problems(contract, table))]


def parse_node(text: bytes, form: Form | None = None) -> tuple[Node | None, list[Problem]]:
    """Return the document of a text as nodes, or None and what keeps it from being read."""
    if len(text) > MAX_BYTES:
        return None, [_syntax(f"the text has {len(text)} bytes; a plan has at most {MAX_BYTES}")]
    try:
        characters = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [_syntax(f"byte {error.start} is not UTF-8")]
    if form == "json":
        return json_node(characters)
    if form is None and characters.lstrip().startswith("{"):
        node, problems = json_node(characters)
        if node is not None:
            return node, problems
    return yaml_node(characters)


def _syntax(message: str) -> Problem:
    return Problem(code="syntax", where="", message=message)


def _beyond(reported: list[Problem], found: list[Problem]) -> list[Problem]:
    """Return the rule problems at places that could be read: the others are only echoes."""
    unread = {problem.where for problem in reported if problem.code not in ("unknown_key", "syntax")}
    around = {place for where in unread for place in _enclosing(where)}
    return [
        problem
        for problem in found
        if problem.where not in around and unread.isdisjoint(_enclosing(problem.where))
    ]


def _enclosing(where: str) -> set[str]:
    """Return a place and all those around it but the whole document."""
    return {where} | {where[: cut.start()] for cut in re.finditer(r"[.\[]", where)}
