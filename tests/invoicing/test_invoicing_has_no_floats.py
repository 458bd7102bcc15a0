"""Money is integers: no float and no decimal is made anywhere in invoicing."""

import ast
from pathlib import Path

import pytest

import chakka.invoicing

# Reads amounts of documents as exact fractions, to judge what others wrote; it makes no amount.
JUDGES = {"pint_rules.py"}
FILES = [
    path for path in sorted(Path(chakka.invoicing.__file__).parent.glob("*.py")) if path.name not in JUDGES
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_divides_into_a_fraction_or_makes_a_float(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Name) and node.id in {"float", "Decimal", "round"})
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
