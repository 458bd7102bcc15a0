"""The portal as it is served, and its commands: entries at the same moment, lock, request, release, fee."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from served_portal import served

pytestmark = pytest.mark.slow


def test_r7_2_of_twenty_wrong_entries_at_once_exactly_three_count(tmp_path: Path) -> None:
    with served(tmp_path) as portal:
        forms = [portal.form() for _ in range(20)]
        with ThreadPoolExecutor(20) as at_once:
            statuses = list(at_once.map(lambda form: portal.enter(form, "wrong"), forms))
        assert statuses == [422] * 20
        assert portal.enter(portal.form(), portal.password) == 422
        with sqlite3.connect(tmp_path / "business.sqlite") as books:
            results = books.execute("SELECT result, COUNT(*) FROM accounts_entry GROUP BY result")
            assert dict(results.fetchall()) == {"wrong": 3, "while_locked": 18}
            assert books.execute("SELECT COUNT(*) FROM accounts_lock").fetchone() == (1,)
        (lock,) = json.loads(portal.run("account", "locks", "--json"))
        assert (lock["login_id"], len(lock["entries"])) == (portal.login_id, 3)
