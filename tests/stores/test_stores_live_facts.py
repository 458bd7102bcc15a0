"""Live facts and prepared plans in the plan store: seen at once, changed whole or not at all."""

import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from chakka.errors import InputError
from chakka.stores.plan_store import PlanStore, Published, prepared

NUMBER = "0120123456"
STORM = prepared(NUMBER, "storm")


def published(plan_hash: str) -> Published:
    return Published(at_ms=1, by="kato", why="", hash=plan_hash)


@pytest.fixture
def store(tmp_path: Path):
    with PlanStore.open(tmp_path / "plans", readonly=False) as opened:
        yield opened


def test_a_number_has_no_facts_until_some_are_set(store: PlanStore) -> None:
    assert store.read_live(NUMBER) is None
    assert store.change_live(NUMBER, lambda known: b"none" if known is None else b"some") == b"none"
    assert store.read_live(NUMBER) == b"none"
    assert store.read_live("0120123457") is None
    assert store.read_live("") is None


def test_a_change_is_made_from_what_there_is(store: PlanStore) -> None:
    for _ in range(3):
        store.change_live(NUMBER, lambda known: (known or b"") + b"x")
    assert store.read_live(NUMBER) == b"xxx"


def test_a_change_that_is_refused_leaves_all_as_it_was(store: PlanStore) -> None:
    store.change_live(NUMBER, lambda _: b"before")

    def refuse(_: bytes | None) -> bytes:
        raise InputError("not on the list")

    with pytest.raises(InputError, match="not on the list"):
        store.change_live(NUMBER, refuse)
    assert store.read_live(NUMBER) == b"before"


def test_another_process_changes_and_a_reader_sees_it_at_once(tmp_path: Path) -> None:
    PlanStore.open(tmp_path, readonly=False).close()
    writer = f"""
import sys
from pathlib import Path
from chakka.stores.plan_store import PlanStore
with PlanStore.open(Path(sys.argv[1]), readonly=False) as store:
    store.change_live("{NUMBER}", lambda known: (known or b"") + b"x")
"""
    with PlanStore.open(tmp_path) as reader:
        for seen in (b"x", b"xx"):
            subprocess.run((sys.executable, "-c", writer, str(tmp_path)), check=True)
            assert reader.read_live(NUMBER) == seen


def test_changes_from_many_processes_at_once_are_all_kept(tmp_path: Path) -> None:
    PlanStore.open(tmp_path, readonly=False).close()
    writer = f"""
import sys
from pathlib import Path
from chakka.stores.plan_store import PlanStore
with PlanStore.open(Path(sys.argv[1]), readonly=False) as store:
    for _ in range(20):
        store.change_live("{NUMBER}", lambda known: (known or b"") + b"x")
"""
    command = (sys.executable, "-c", writer, str(tmp_path))
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    with PlanStore.open(tmp_path) as reader:
        assert reader.read_live(NUMBER) == b"x" * 60


def test_a_store_of_before_live_facts_is_read_and_sees_the_first_ones(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), max_dbs=4, map_size=16 << 30) as old:
        for name in (b"plans", b"versions", b"texts", b"meta"):
            old.open_db(name)
    writer = f"""
import sys
from pathlib import Path
from chakka.stores.plan_store import PlanStore
with PlanStore.open(Path(sys.argv[1]), readonly=False) as store:
    store.change_live("{NUMBER}", lambda known: b"x")
"""
    with PlanStore.open(tmp_path) as reader:
        assert reader.read_live(NUMBER) is None
        subprocess.run((sys.executable, "-c", writer, str(tmp_path)), check=True)
        assert reader.read_live(NUMBER) == b"x"


def test_a_publish_and_a_withdrawal_leave_live_facts_alone(store: PlanStore) -> None:
    store.change_live(NUMBER, lambda _: b"facts")
    store.publish(NUMBER, b"compiled", b"text", published("h1"))
    store.withdraw(NUMBER, published(""))
    assert store.read_live(NUMBER) == b"facts"


def test_a_prepared_plan_stands_beside_the_one_in_service(store: PlanStore) -> None:
    store.publish(NUMBER, b"ordinary", b"ordinary text", published("h1"))
    store.publish(STORM, b"storm", b"storm text", published("h2"))
    assert (store.read(NUMBER), store.read(STORM)) == (b"ordinary", b"storm")
    assert store.numbers() == [NUMBER]


def test_a_prepared_plan_has_a_history_of_its_own(store: PlanStore) -> None:
    for key, plan_hash in ((NUMBER, "h1"), (STORM, "h2"), (NUMBER, "h3"), (STORM, "h4")):
        store.publish(key, b"compiled", plan_hash.encode(), published(plan_hash))
    assert [one.published.hash for one in store.history(NUMBER)] == ["h1", "h3"]
    assert [one.published.hash for one in store.history(STORM)] == ["h2", "h4"]
    assert store.text(STORM, "h2") == b"h2"


def test_a_prepared_plan_is_withdrawn_alone(store: PlanStore) -> None:
    store.publish(NUMBER, b"ordinary", b"text", published("h1"))
    store.publish(STORM, b"storm", b"text", published("h2"))
    store.withdraw(STORM, published(""))
    assert (store.read(NUMBER), store.read(STORM)) == (b"ordinary", None)


@pytest.mark.parametrize("name", ["嵐", "a/b", "x/12345678", "名" * 100])
def test_whatever_a_prepared_plan_is_called_histories_do_not_mix(store: PlanStore, name: str) -> None:
    keys = (NUMBER, prepared(NUMBER, name), prepared(NUMBER, name[:1]))
    for key in keys:
        store.publish(key, b"compiled", b"text", published(f"of {key}"))
    expected = {key: sum(other == key for other in keys) for key in keys}
    assert {key: len(store.history(key)) for key in keys} == expected
