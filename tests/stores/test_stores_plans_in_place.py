"""A plan store whose file is replaced while it is read, as a restored backup does."""

from pathlib import Path

import pytest

from chakka.errors import InputError
from chakka.stores.plan_store import PlanStore, Published
from chakka.stores.plans_in_place import PlansInPlace

NUMBER = "0120123456"


def store_with(path: Path, compiled: bytes) -> Path:
    """Return the directory of a store in which the number has this plan."""
    with PlanStore.open(path, readonly=False) as store:
        store.publish(NUMBER, compiled, b"text", Published(at_ms=1, by="kato", why="", hash=compiled.hex()))
        store.change_live(NUMBER, lambda _: b"facts of " + compiled)
    return path


@pytest.mark.parametrize("what", ["directory", "file"])
def test_a_store_that_is_put_in_its_place_decides_the_next_call(tmp_path: Path, what: str) -> None:
    here, other = store_with(tmp_path / "plans", b"first"), store_with(tmp_path / "other", b"restored")
    with PlansInPlace(here) as plans:
        assert plans.read(NUMBER) == b"first"
        if what == "directory":
            here.rename(tmp_path / "away")
            assert plans.read(NUMBER) == b"first"
            other.rename(here)
        else:
            (other / "data.mdb").rename(here / "data.mdb")
        assert plans.read(NUMBER) == b"restored"
        assert plans.read_live(NUMBER) == b"facts of restored"
        assert plans.presentable("0352001234") is None


def test_a_damaged_store_in_its_place_is_said_and_a_whole_one_is_followed(tmp_path: Path) -> None:
    here, other = store_with(tmp_path / "plans", b"first"), store_with(tmp_path / "other", b"whole")
    with PlansInPlace(here) as plans:
        (tmp_path / "rubbish").write_bytes(b"rubbish" * 10_000)
        (tmp_path / "rubbish").rename(here / "data.mdb")
        for _ in range(2):
            with pytest.raises(InputError, match="plan"):
                plans.read(NUMBER)
        (other / "data.mdb").rename(here / "data.mdb")
        assert plans.read(NUMBER) == b"whole"


def test_without_a_store_nothing_is_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="publish a plan first"):
        PlansInPlace(tmp_path / "plans")
