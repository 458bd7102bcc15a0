"""What a node leaves on its disk of who called (charging.md §6)."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from peer_node import Node, wait_until
from peer_plans import business
from peer_sipp import Sipps
from peer_steps import (
    ANSWERED,
    FIXED_CALLER,
    answers,
    await_request,
    invite,
    ok,
    refuses,
    talks_and_hangs_up,
)

from chakka.routing.attempt import Presentation

CHAKKA = Path(sys.executable).parent / "chakka"
NewNode = Callable[[], Node]
# With and without its 0: SIP writes +81 in its place.
DIGITS = FIXED_CALLER[1:].encode()


def files_with_the_number(node: Node) -> list[str]:
    """Return the files of a node that tell who called."""
    files = (path for path in node.directory.rglob("*") if path.is_file())
    return [path.name for path in files if DIGITS in path.read_bytes()]


def test_no_file_of_a_node_tells_who_called_after_calls_of_every_kind_and_a_crash(
    new_node: NewNode, sipp_on: Callable[[Node], Sipps]
) -> None:
    node = new_node()
    sipp = sipp_on(node)
    number, (line,) = business(node)
    callee = sipp.line(line, answers())
    sipp.caller(number, talks_and_hangs_up(100)).finish()
    callee.finish()
    busy_number, (busy_line,) = business(node)
    callee = sipp.line(busy_line, refuses(486, "Busy Here"))
    caller = sipp.caller(busy_number, talks_and_hangs_up(100))
    callee.finish()
    caller.end()
    cut_number, (cut_line,) = business(node)
    callee = sipp.line(cut_line, answers())
    caller = sipp.caller(cut_number, [invite(), *ANSWERED, await_request("BYE"), ok()])
    wait_until(lambda: node.is_up(cut_number), "the call is up")
    node.kill("callplane")
    node.start_one("callplane")
    # Both sides are hung up by what the journal has of their dialogs, which is sealed.
    caller.finish()
    callee.finish()
    for each in (number, busy_number, cut_number):
        assert node.the_call(each).record.facts.attempt.calling_number == FIXED_CALLER
    node.stop()
    assert files_with_the_number(node) == []


def test_a_node_that_cannot_keep_keys_takes_calls_and_says_what_is_lost(
    tmp_path: Path, prompts: Path, sipp_on: Callable[[Node], Sipps]
) -> None:
    directory = tmp_path / "node"
    directory.mkdir()
    node = Node(directory, prompts)
    node.config.keys.write_bytes(b"a file in the place of the directory")
    sipp = sipp_on(node)
    try:
        node.start()
        number, (line,) = business(node)
        callee = sipp.line(line, answers())
        sipp.caller(number, talks_and_hangs_up(100)).finish()
        callee.finish()
        call = node.the_call(number)
        attempt = call.record.facts.attempt
        assert (attempt.calling_number, attempt.presentation) == (None, Presentation.UNAVAILABLE)
        assert call.rated is not None and call.rated.amount_uy == 8_000_000
        assert "callers' numbers are not recorded" in node.logs()
        command = (CHAKKA, "health", "--data", node.config.directory)
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (told.returncode, "keys:" in told.stdout + told.stderr) == (1, True)
    finally:
        node.stop()
    assert files_with_the_number(node) == []
