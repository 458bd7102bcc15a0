"""The compiled copy of the call plane: used when it is there and up to date, done without otherwise."""

import asyncio
import os
import runpy
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from chakka.cli.compiled import SOURCE, environment, is_fresh, stamp, write_stamp
from chakka.cli.supervise import Program, Supervisor
from chakka.config import Config
from chakka.sip.timers import Timers

SCRIPT = Path(__file__).parents[2] / "scripts" / "compile-hot"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sip").mkdir(parents=True)
    (folder / "sip" / "message.py").write_text("A = 1\n")
    (folder / "sip" / "uri.py").write_text("B = 2\n")
    return folder


@pytest.fixture
def fast(tmp_path: Path, source: Path) -> Path:
    folder = tmp_path / "fast"
    folder.mkdir()
    write_stamp(folder, stamp(source))
    return folder


def compile_hot(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, str(SCRIPT), *arguments)
    return subprocess.run(
        command, env={**os.environ, **variables}, check=False, capture_output=True, text=True
    )


def test_children_run_the_copy_that_is_up_to_date(
    source: Path, fast: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/already/there")
    found = environment(fast, source)
    assert found is not None
    assert found["PYTHONPATH"] == f"{fast}{os.pathsep}/already/there"
    assert found["PATH"] == os.environ["PATH"]


def test_without_a_copy_children_run_the_source(source: Path, tmp_path: Path) -> None:
    assert environment(tmp_path / "nowhere", source) is None


@pytest.mark.parametrize("change", ["edit", "add", "remove", "swap"])
def test_a_copy_of_an_older_source_is_never_used(source: Path, fast: Path, change: str) -> None:
    message, uri = source / "sip" / "message.py", source / "sip" / "uri.py"
    assert is_fresh(fast, source)
    match change:
        case "edit":
            message.write_text("A = 2\n")
        case "add":
            (source / "late.py").write_text("")
        case "remove":
            uri.unlink()
        case _:
            message.write_text("B = 2\n")
            uri.write_text("A = 1\n")
    assert environment(fast, source) is None


def test_a_copy_of_another_python_is_never_used(source: Path, fast: Path) -> None:
    write_stamp(fast, stamp(source).replace(sys.implementation.cache_tag or "", "cpython-399"))
    assert not is_fresh(fast, source)


def test_the_supervisor_starts_its_children_in_that_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    monkeypatch.setattr("chakka.cli.compiled.environment", lambda: {**os.environ, "PYTHONPATH": "/the/copy"})
    says = "import os, sys, time; open(sys.argv[1], 'w').write(os.environ['PYTHONPATH']); time.sleep(60)"

    async def until_it_said_so() -> None:
        supervisor = Supervisor([Program("child", (sys.executable, "-S", "-c", says, str(said)))])
        running = asyncio.ensure_future(supervisor.run())
        while not said.exists() or not said.read_text():
            await asyncio.sleep(0.01)
        supervisor.stop()
        await running

    asyncio.run(asyncio.wait_for(until_it_said_so(), 10))
    assert said.read_text() == "/the/copy"


def test_without_a_compiler_one_line_says_so_and_nothing_is_made(tmp_path: Path) -> None:
    into = tmp_path / "fast"
    ended = compile_hot("--into", str(into), CC="/nonexistent/cc")
    assert ended.returncode == 3
    assert ended.stderr == (
        "chakka: no C compiler (/nonexistent/cc): the call plane runs uncompiled, a third slower\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_compiler_that_fails_leaves_no_copy_to_be_used(tmp_path: Path) -> None:
    mypyc = tmp_path / "mypyc"
    mypyc.mkdir()
    (mypyc / "__init__.py").touch()
    (mypyc / "__main__.py").write_text("raise SystemExit('out of memory')\n")
    into = tmp_path / "fast"
    ended = compile_hot("--into", str(into), PYTHONPATH=str(tmp_path), CC=sys.executable)
    assert ended.returncode == 1
    assert "out of memory" in ended.stderr
    assert ended.stderr.endswith("chakka: mypyc failed: the call plane runs uncompiled\n")
    assert environment(into) is None


def test_a_copy_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    write_stamp(tmp_path, stamp())
    ended = compile_hot("--into", str(tmp_path), CC="/nonexistent/cc")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_all_hot_modules_exist_and_define_no_msgspec_struct() -> None:
    """Compiled, a Struct ends the process when its module is imported."""
    for file in runpy.run_path(str(SCRIPT))["hot_files"]():
        assert "msgspec.Struct" not in (SOURCE.parent / file).read_text(), file


def test_no_hot_module_defines_what_the_configuration_is_read_into() -> None:
    """Compiled, a dataclass that msgspec fills has 0 for every default: no patience at all."""
    files = runpy.run_path(str(SCRIPT))["hot_files"]()
    modules = {file.removesuffix(".py").replace("/", ".") for file in files}
    read_into = dataclasses_in(msgspec.inspect.type_info(Config))
    assert Timers in read_into
    assert not modules & {kind.__module__ for kind in read_into}


def dataclasses_in(node: object) -> set[type]:
    """Return the dataclasses that a type holds, however deep."""
    if isinstance(node, tuple | list):
        return {kind for one in node for kind in dataclasses_in(one)}
    if not isinstance(node, msgspec.Struct):
        return set()
    own = {node.cls} if isinstance(node, msgspec.inspect.DataclassType) else set()
    return own.union(*(dataclasses_in(getattr(node, name)) for name in node.__struct_fields__))
