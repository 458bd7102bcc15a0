"""The command line of `chakka contract`."""

from chakka.portal.actions import run_action

ACTIONS = {
    "open": "opening",
    "change": "changing",
    "stop": "stopping",
    "list": "showing",
    "show": "showing",
    "price": "pricing",
    "directory": "listings",
    "work": "working",
}


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    modules = {name: f"{__package__}.{module}" for name, module in ACTIONS.items()}
    return run_action("contract", modules, words)
