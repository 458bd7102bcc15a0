"""`python -m chakka.portal [--config FILE]`: the server, Django's and our commands, for these books."""

import os
import sys

from django.core.management import execute_from_command_line

from chakka.errors import InputError


def main(argv: list[str]) -> None:
    """Run one command; it exits by itself."""
    if argv[1:2] == ["--config"] and len(argv) > 2:
        os.environ["CHAKKA_CONFIG"] = argv[2]
        # What the file says is where the node has its data too.
        os.environ.pop("CHAKKA_DATA", None)
        argv = [argv[0], *argv[3:]]
    os.environ["DJANGO_SETTINGS_MODULE"] = "chakka.portal.settings"
    try:
        execute_from_command_line(argv)
    except InputError as fault:
        # The configuration is read with Django's settings, before any command begins.
        print(f"chakka: {fault}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main(sys.argv)
