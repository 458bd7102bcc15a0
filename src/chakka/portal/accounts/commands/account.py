"""The command line of `chakka account`."""

from chakka.portal.actions import run_action

ACTIONS = {
    "create": "logins",
    "role": "logins",
    "list": "logins",
    "locks": "locks",
    "unlock": "locks",
    "demo": "demo",
}


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    return run_action("account", {name: f"{__package__}.{module}" for name, module in ACTIONS.items()}, words)
