"""Everything that is said of the books holds on PostgreSQL: the same tests, once more."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_the_books_are_the_same_on_postgresql(postgres_url: str) -> None:
    tests = [str(file) for file in sorted(HERE.glob("test_portal_*.py")) if file.name != Path(__file__).name]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-m", "not slow and not peer", *tests],
        cwd=HERE.parents[1],
        env={**os.environ, "CHAKKA_TEST_DATABASE": postgres_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
