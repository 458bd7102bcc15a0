"""Money is integers: no float and no decimal is made anywhere in charging."""

import ast
from pathlib import Path

import pytest

import chakka.charging

FILES = sorted(Path(chakka.charging.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_divides_into_a_fraction_or_makes_a_float(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Name) and node.id in {"float", "Decimal", "round"})
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
