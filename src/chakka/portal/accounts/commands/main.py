"""The command line of `chakka subscriber`."""

from chakka.portal.actions import run_action

ACTIONS = {"add": "adding", "change": "adding", "list": "showing", "show": "showing"}


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    modules = {name: f"{__package__}.{module}" for name, module in ACTIONS.items()}
    return run_action("subscriber", modules, words)
