"""Which processes a node has."""

from pathlib import Path

from chakka.announcer.__main__ import parser
from chakka.cli.supervise import programs
from chakka.config_text import parse_config

TRUNK = '[[trunk]]\nname = "carrier"\nhosts = ["192.0.2.7", "192.0.2.5"]\n'


def names(text: str) -> list[str]:
    return [program.name for program in programs(parse_config(text.encode(), Path("/srv")), "node.toml")]


def test_announcements_are_a_process_of_their_own_only_where_they_are_offered() -> None:
    assert names(TRUNK) == ["media", "callplane", "ingest"]
    assert names(f'[listen]\nannc = "127.0.0.1:5080"\n{TRUNK}') == [
        "media",
        "callplane",
        "announcer",
        "ingest",
    ]


def test_the_announcer_is_told_where_to_listen_and_who_its_peers_are() -> None:
    config = parse_config(f'[listen]\nannc = "[::1]:5080"\n{TRUNK}'.encode(), Path("/srv"))
    announcer = next(program for program in programs(config, "node.toml") if program.name == "announcer")
    arguments = parser().parse_args(announcer.command[3:])
    assert arguments.listen == ("::1", 5080)
    assert arguments.media == Path("/srv/var/media.sock")
    assert arguments.peer == ["127.0.0.1", "192.0.2.5", "192.0.2.7"]
