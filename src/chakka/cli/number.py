"""`chakka number`: what a calling number says."""

import argparse

import msgspec

from chakka.facts import numbering_table
from chakka.numbering.model import NumberFacts


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    command = subparsers.add_parser("number", help="say what a calling number is and where it belongs")
    command.add_argument("number", help="0422511234, 0422-51-1234, +81422511234, …")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print class, charge area, prefectures, region and NTT side. Always 0: unknown is an answer."""
    facts = numbering_table().lookup(arguments.number)
    print(as_json(facts) if arguments.json else as_text(facts))
    return 0


def as_json(facts: NumberFacts) -> str:
    """Return the facts as one JSON object with the keys of plan-format.md."""
    return msgspec.json.encode(
        {
            "number": facts.number,
            "class": facts.caller_class,
            "charge_area": facts.charge_area,
            "prefecture": facts.prefecture,
            "prefectures": facts.prefectures,
            "region": facts.region,
            "ntt": facts.ntt,
        }
    ).decode()


def as_text(facts: NumberFacts) -> str:
    """Return the facts as lines for people; what is not known is left out."""
    rows = (
        ("number", facts.number or "not a number"),
        ("class", facts.caller_class.value),
        ("charge area", facts.charge_area),
        ("prefecture", "・".join(facts.prefectures)),
        ("region", facts.region),
        ("NTT", facts.ntt),
    )
    return "\n".join(f"{name:<12}{value}" for name, value in rows if value)
