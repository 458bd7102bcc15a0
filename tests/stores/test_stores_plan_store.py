"""Published plans: seen at once by every process, never changed, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.stores.plan_store import PlanStore, Publication, Published, prepared

NUMBER = "0120123456"


def published(plan_hash: str, at_ms: int = 1, why: str = "") -> Published:
    return Published(at_ms=at_ms, by="kato", why=why, hash=plan_hash)


@pytest.fixture
def store(tmp_path: Path):
    with PlanStore.open(tmp_path / "plans", readonly=False) as opened:
        yield opened


def test_it_returns_the_plan_that_was_published_last(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled 1", b"text 1", published("h1"))
    store.publish(NUMBER, b"compiled 2", b"text 2", published("h2"))
    assert store.read(NUMBER) == b"compiled 2"


def test_it_returns_nothing_for_a_number_without_plan(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled", b"text", published("h1"))
    assert store.read("0120123457") is None
    assert store.read("") is None
    assert store.history("0120123457") == []
    assert store.history("012012345") == []


def test_history_keeps_every_version_with_its_text_oldest_first(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled 1", b"text 1", published("h1", at_ms=1, why="opening"))
    store.publish("08001234567", b"other", b"other text", published("h9"))
    store.publish(NUMBER, b"compiled 2", b"text 2", published("h2", at_ms=2))
    versions = store.history(NUMBER)
    assert [(one.sequence, one.published.hash, one.text) for one in versions] == [
        (1, "h1", b"text 1"),
        (3, "h2", b"text 2"),
    ]
    assert versions[0].published.why == "opening"


def test_a_plan_published_again_is_a_version_of_its_own_with_the_same_text(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled 1", b"text 1", published("h1", at_ms=1))
    store.publish(NUMBER, b"compiled 2", b"text 2", published("h2", at_ms=2))
    store.publish(NUMBER, b"compiled 1", b"text 1", published("h1", at_ms=3))
    assert [one.text for one in store.history(NUMBER)] == [b"text 1", b"text 2", b"text 1"]
    assert store.read(NUMBER) == b"compiled 1"


def test_the_text_of_an_earlier_version_is_found_by_its_hash(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled 1", b"text 1", published("h1"))
    store.publish(NUMBER, b"compiled 2", b"text 2", published("h2"))
    assert store.text(NUMBER, "h1") == b"text 1"
    assert store.text(NUMBER, "h3") is None


def test_a_text_is_not_found_under_another_number(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled", b"text", published("h1"))
    assert store.text("08001234567", "h1") is None


def test_a_withdrawn_number_has_no_plan_but_keeps_its_history(store: PlanStore) -> None:
    store.publish(NUMBER, b"compiled", b"text", published("h1"))
    store.withdraw(NUMBER, published("", at_ms=2, why="contract ended"))
    assert store.read(NUMBER) is None
    assert store.numbers() == []
    assert [(one.text, one.published.hash) for one in store.history(NUMBER)] == [(b"text", "h1"), (None, "")]


def test_what_is_not_in_service_cannot_be_withdrawn(store: PlanStore) -> None:
    with pytest.raises(InputError, match="0120123456 has no plan"):
        store.withdraw(NUMBER, published(""))
    assert store.sequence() == 0


def test_many_numbers_are_published_in_one_transaction(store: PlanStore) -> None:
    last = store.publish_all(
        Publication(number=f"0120{index:06d}", compiled=b"c", text=b"t", published=published(f"h{index}"))
        for index in range(100)
    )
    assert last == store.sequence() == 100
    assert store.numbers() == [f"0120{index:06d}" for index in range(100)]


def test_it_grows_when_the_plans_outgrow_its_map(tmp_path: Path) -> None:
    with PlanStore.open(tmp_path, readonly=False, map_bytes=1 << 20) as store:
        for index in range(40):
            store.publish(NUMBER, bytes(100_000), b"text", published(f"h{index}"))
            store.publish(f"0800{index:07d}", bytes(100_000), b"text", published(f"g{index}"))
        assert len(store.history(NUMBER)) == 40
        assert len(store.numbers()) == 41


def test_a_reader_whose_map_is_outgrown_by_another_process_reads_on(tmp_path: Path) -> None:
    with PlanStore.open(tmp_path, readonly=False, map_bytes=1 << 20) as store:
        store.publish(NUMBER, b"compiled", b"text", published("h1"))
    writer = """
import sys
from pathlib import Path
from chakka.stores.plan_store import PlanStore, Published
with PlanStore.open(Path(sys.argv[1]), readonly=False) as store:
    for index in range(40):
        published = Published(at_ms=1, by="kato", why="", hash=f"h{index}")
        store.publish(f"0800{index:07d}", bytes(100_000), b"text", published)
"""
    with PlanStore.open(tmp_path, map_bytes=1 << 20) as reader:
        assert reader.read(NUMBER) == b"compiled"
        subprocess.run([sys.executable, "-c", writer, str(tmp_path)], check=True)
        assert reader.read("08000000039") == bytes(100_000)


READER = """
import sys, time
from pathlib import Path
from chakka.stores.plan_store import PlanStore
with PlanStore.open(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    for line in sys.stdin:
        print(store.read(line.strip()).decode(), flush=True)
"""


def test_a_publish_is_visible_to_another_process_at_once(tmp_path: Path) -> None:
    with PlanStore.open(tmp_path, readonly=False) as store:
        command = [sys.executable, "-c", READER, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
            assert reader.stdin and reader.stdout
            assert reader.stdout.readline() == "ready\n"
            for index in range(20):
                store.publish(NUMBER, f"compiled {index}".encode(), b"text", published(f"h{index}"))
                print(NUMBER, file=reader.stdin, flush=True)
                assert reader.stdout.readline() == f"compiled {index}\n"
            reader.stdin.close()


PUBLISHER = """
import sys
from pathlib import Path
from chakka.stores.plan_store import PlanStore, Published
with PlanStore.open(Path(sys.argv[1]), readonly=False) as store:
    index = store.sequence()
    while True:
        index += 1
        body = f"{index:08d}".encode() * 400
        published = Published(at_ms=index, by="kato", why="", hash=f"h{index}")
        store.publish("0120123456", body, body, published)
        print(index, flush=True)
"""


@pytest.mark.slow
def test_twenty_killed_publishers_leave_whole_versions_only(tmp_path: Path) -> None:
    """Each is killed while it publishes; what it had confirmed is there, plan and text belong together."""
    confirmed = 0
    for _ in range(20):
        command = [sys.executable, "-c", PUBLISHER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as publisher:
            assert publisher.stdout
            confirmed = int(publisher.stdout.readline())
            time.sleep(0.02)
            publisher.send_signal(signal.SIGKILL)
            rest = publisher.stdout.read().split("\n")[:-1]
        confirmed = int(rest[-1]) if rest else confirmed
    with PlanStore.open(tmp_path) as store:
        versions = store.history(NUMBER)
        assert [one.sequence for one in versions] == list(range(1, len(versions) + 1))
        assert len(versions) >= confirmed
        assert all(one.text == f"{one.sequence:08d}".encode() * 400 for one in versions)
        assert store.read(NUMBER) == versions[-1].text


def test_an_absent_store_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="publish a plan first"):
        PlanStore.open(tmp_path / "nowhere")


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"not a plan store" * 1024)
    with pytest.raises(InputError, match="plan store"):
        PlanStore.open(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"")
    with pytest.raises(InputError, match="plan store"):
        PlanStore.open(tmp_path)


def test_a_store_that_was_cut_short_is_refused_before_it_can_kill_the_reader(tmp_path: Path) -> None:
    with PlanStore.open(tmp_path, readonly=False) as store:
        for index in range(50):
            store.publish(f"0120{index:06d}", bytes(3000), b"text", published(f"h{index}"))
    size = os.path.getsize(tmp_path / "data.mdb")
    os.truncate(tmp_path / "data.mdb", size // 2)
    with pytest.raises(InputError, match="cut short"):
        PlanStore.open(tmp_path)


# -- who may present a number (service.md R6.3)

LINE, OTHER_LINE = "0352001234", "0352001235"


def notified(number: str, *line_numbers: str) -> Publication:
    return Publication(
        number=number, compiled=b"c", text=b"t", published=published(f"h{number}"), notifying=line_numbers
    )


def test_a_line_number_presents_the_number_in_whose_plan_it_stands(store: PlanStore) -> None:
    assert store.presentable(LINE) is None
    store.publish_all([notified(NUMBER, LINE, OTHER_LINE)])
    assert (store.presentable(LINE), store.presentable(OTHER_LINE)) == (NUMBER, NUMBER)
    assert store.presentable("0352009999") is None
    assert store.presentable("") is None


def test_a_line_number_that_left_the_plan_presents_nothing(store: PlanStore) -> None:
    store.publish_all([notified(NUMBER, LINE, OTHER_LINE)])
    store.publish_all([notified(NUMBER, OTHER_LINE)])
    assert (store.presentable(LINE), store.presentable(OTHER_LINE)) == (None, NUMBER)


def test_after_a_withdrawal_nobody_presents_the_number(store: PlanStore) -> None:
    store.publish_all([notified(NUMBER, LINE)])
    store.withdraw(NUMBER, published("", at_ms=2))
    assert store.presentable(LINE) is None
    store.publish_all([notified("08001234567", LINE)])
    assert store.presentable(LINE) == "08001234567"


def test_r6_3_a_line_number_that_presents_another_number_stops_the_publish(store: PlanStore) -> None:
    store.publish_all([notified(NUMBER, LINE)])
    with pytest.raises(InputError) as raised:
        store.publish_all([notified("08001234567", OTHER_LINE, LINE)])
    (problem,) = raised.value.problems
    assert (problem.code, problem.where) == ("presents_another", "number_notification[1]")
    assert LINE in problem.message and NUMBER in problem.message
    assert store.read("08001234567") is None
    assert (store.presentable(LINE), store.presentable(OTHER_LINE)) == (NUMBER, None)


def test_two_plans_exchange_their_line_numbers_in_one_publish(store: PlanStore) -> None:
    store.publish_all([notified(NUMBER, LINE), notified("08001234567", OTHER_LINE)])
    store.publish_all([notified(NUMBER, OTHER_LINE), notified("08001234567", LINE)])
    assert (store.presentable(LINE), store.presentable(OTHER_LINE)) == ("08001234567", NUMBER)


def test_a_prepared_plan_changes_nothing_of_who_presents_the_number(store: PlanStore) -> None:
    store.publish_all([notified(NUMBER, LINE)])
    store.publish_all([notified(prepared(NUMBER, "storm"), OTHER_LINE)])
    assert (store.presentable(LINE), store.presentable(OTHER_LINE)) == (NUMBER, None)


def test_a_reader_sees_a_publish_of_who_presents_at_once(tmp_path: Path) -> None:
    with PlanStore.open(tmp_path, readonly=False) as store:
        store.publish_all([notified(NUMBER, LINE)])
    with PlanStore.open(tmp_path) as reader:
        assert reader.presentable(LINE) == NUMBER
