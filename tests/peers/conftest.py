"""Nodes and peers for the tests with real telephones. One node serves all tests of a worker; each test
takes a freephone number and lines of its own on it."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from peer_ear import Ear
from peer_node import Node
from peer_sipp import Sipps
from peer_spoken import Talk, talking

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = ("sipp", "baresip", "sox")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a real peer; without the programs it is skipped, and says so."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.peer)
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)}"))


@pytest.fixture(scope="session")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the rendered announcements: those of `make setup`, or ones rendered for this run."""
    ready = REPOSITORY / "var" / "prompts"
    if (ready / "manifest.json").exists():
        return ready
    # Workers of one run share the directory above their own.
    rendered = tmp_path_factory.getbasetemp().parent / "prompts"
    with (rendered.parent / "prompts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = (sys.executable, "-m", "chakka.media.speech", str(rendered), "--if-missing")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"announcements cannot be rendered: {done.stderr[-300:]}")
    return rendered


@pytest.fixture(scope="session")
def shared_node(tmp_path_factory: pytest.TempPathFactory, prompts: Path) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("node"), prompts)
    try:
        node.start()
        yield node
        assert not node.surplus(), "a call got a second record after its test had ended"
    finally:
        node.stop()


@pytest.fixture
def node(shared_node: Node) -> Iterator[Node]:
    """The node that most tests share; its logs must stay clean in every test."""
    yield shared_node
    assert not shared_node.complaints()


@pytest.fixture
def new_node(tmp_path: Path, prompts: Path) -> Iterator[Callable[[], Node]]:
    """Start nodes of a test's own: for tests that kill, stop or starve them."""
    started: list[Node] = []

    def start() -> Node:
        directory = tmp_path / f"node{len(started)}"
        directory.mkdir()
        node = Node(directory, prompts)
        started.append(node)
        node.start()
        return node

    yield start
    for node in started:
        node.stop()
    assert not [complaint for node in started for complaint in node.complaints()]


@pytest.fixture
def sipp(node: Node, tmp_path: Path) -> Iterator[Sipps]:
    """SIPp peers of the shared node."""
    peers = Sipps(node, tmp_path)
    yield peers
    peers.end()


@pytest.fixture
def ear() -> Iterator[Callable[[str], Ear]]:
    """Listen to RTP on a host."""
    opened: list[Ear] = []

    def listen(host: str) -> Ear:
        opened.append(Ear(host))
        return opened[-1]

    yield listen
    for each in opened:
        each.close()


@pytest.fixture
def talk(node: Node, tmp_path: Path) -> Iterator[Talk]:
    """Calls with sound on the shared node."""
    yield from talking(node, tmp_path)


@pytest.fixture
def sipp_on(tmp_path: Path) -> Iterator[Callable[[Node], Sipps]]:
    """SIPp peers of any node."""
    made: list[Sipps] = []

    def peers(node: Node) -> Sipps:
        made.append(Sipps(node, tmp_path))
        return made[-1]

    yield peers
    for each in made:
        each.end()
