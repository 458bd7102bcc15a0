"""The command line of `chakka bill`."""

from chakka.portal.actions import run_action

# Which module has which action. Only that one is imported: WeasyPrint alone takes half a second.
ACTIONS = {
    "run": "running",
    "draft": "running",
    "issue": "running",
    "blockers": "deciding",
    "decide": "deciding",
    "list": "listing",
    "search": "listing",
    "show": "listing",
    "explain": "explaining",
    "credit": "correcting",
    "adjust": "correcting",
    "pdf": "printing",
    "pint": "exporting",
    "csv": "exporting",
    "export": "exporting",
    "verify": "proving",
    "publish": "tables",
    "tables": "tables",
    "seed-demo": "seeding",
}


def main(words: list[str]) -> int:
    """Run one action and return its exit code: 0 good, 1 problems, 2 wrong usage."""
    return run_action("bill", {name: f"{__package__}.{module}" for name, module in ACTIONS.items()}, words)
