"""Everything that is said of the money holds with the books in PostgreSQL: the same tests, once more."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_money_is_the_same_with_its_books_in_postgresql(postgres_url: str) -> None:
    tests = [str(HERE / "test_money_months.py"), str(HERE / "test_money_bad_input.py")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "not peer", *tests],
        cwd=HERE.parents[1],
        env={**os.environ, "CHAKKA_TEST_DATABASE": postgres_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
