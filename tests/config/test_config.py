"""The configuration file: what it says is taken, what is wrong with it is said at once."""

from pathlib import Path

import pytest

from chakka.config import Config
from chakka.config_text import parse_config
from chakka.errors import InputError
from chakka.facts import DATA

BASE = Path("/srv/chakka")


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        parse_config(text.encode(), BASE)
    return [(problem.where, problem.message) for problem in caught.value.problems]


def test_an_empty_file_is_a_node_on_loopback() -> None:
    config = parse_config(b"", BASE)
    assert config.listen == ("127.0.0.1", 5060)
    assert config.directory == BASE / "var"


def test_the_demo_configuration_is_good() -> None:
    config = parse_config((DATA / "demo" / "chakka.toml").read_bytes(), BASE)
    assert config.lines["0352001234"].destination == ("127.0.0.1", 5071)
    trunk = config.trunk_of("127.0.0.1")
    assert trunk is not None
    assert trunk.trusted
    assert config.trunk_of("192.0.2.1") is None


def test_protocol_timers_are_settings() -> None:
    config = parse_config(b"[timers]\nt1 = 0.1\n[calls]\nring = 3\n", BASE)
    assert (config.timers.t1, config.timers.timer_b, config.calls.ring) == (0.1, 6.4, 3.0)


def test_every_wrong_table_is_reported_at_once() -> None:
    text = """
        [listen]
        udp = "localhost:5060"
        [rtp]
        ports = "9-10"
        [lines]
        [[trunk]]
        name = "a"
        hosts = ["carrier.example"]
        [[line]]
        number = "0352001234"
        address = "sip:0352001234@pbx.example"
        [calls]
        rings = 3
    """
    places = [where for where, _ in faults(text)]
    assert set(places) == {"listen.udp", "rtp.ports", "lines", "trunk[0].hosts", "line[0]", "calls"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[listen", "no TOML"),
        ("[timers]\nt9 = 1\n", "t9"),
        ("[timers]\nt1 = -1\n", "t1"),
        ("[calls]\ntick = 0\n", "tick"),
        ("line = 3\n", "[[line]]"),
        (
            '[[trunk]]\nname = "a"\nhosts = ["192.0.2.1"]\n[[trunk]]\nname = "b"\nhosts = ["192.0.2.1"]\n',
            "'a'",
        ),
        ('[listen]\nudp = "127.0.0.1:0"\n', "127.0.0.1:0"),
        ('[listen]\nudp = "127.0.0.1:99999"\n', "127.0.0.1:99999"),
        ('[listen]\nudp = "0.0.0.0:5060"\n', "'0.0.0.0'"),
        ('[listen]\nudp = "[::]:5060"\n', "'::'"),
        ('[rtp]\nhost = "224.0.0.1"\n', "'224.0.0.1'"),
        ("[calls]\ntick = 6\n", "tick"),
        ('[node]\nname = "a/b"\n', "'a/b'"),
        ('[data]\ndir = "' + "d" * 90 + '"\n', "10 bytes too long"),
        ('[[line]]\nnumber = "12; x"\naddress = "sip:1@192.0.2.1"\n', "'12; x'"),
    ],
)
def test_a_fault_names_value_and_place(text: str, word: str) -> None:
    assert any(word in f"{where} {message}" for where, message in faults(text))


def test_an_ipv6_address_is_bracketed() -> None:
    assert parse_config(b'[listen]\nudp = "[::1]:5060"\n', BASE).listen == ("::1", 5060)


def test_paths_start_from_the_files_directory() -> None:
    config = parse_config(b'[data]\ndir = "."\nprompts = "prompts"\n', BASE)
    assert isinstance(config, Config)
    assert (config.plans, config.prompts) == (BASE / "plans", BASE / "prompts")


def test_announcements_are_offered_where_the_configuration_says_and_else_nowhere() -> None:
    assert parse_config(b"", BASE).announcer is None
    assert parse_config(b'[listen]\nannc = "127.0.0.1:5080"\n', BASE).announcer == ("127.0.0.1", 5080)


@pytest.mark.parametrize("address", ["127.0.0.1:5060", "0.0.0.0:5080", "annc", "127.0.0.1"])
def test_announcements_cannot_be_offered_just_anywhere(address: str) -> None:
    with pytest.raises(InputError, match=r"listen\.annc"):
        parse_config(f'[listen]\nannc = "{address}"\n'.encode(), BASE)


def test_figures_are_shown_nowhere_unless_asked_for() -> None:
    assert parse_config(b"", BASE).http is None
    config = parse_config(b'[listen]\nhttp = "127.0.0.1:9090"\n[watch]\nlog_calls = false\n', BASE)
    assert config.http == ("127.0.0.1", 9090)
    assert not config.watch.log_calls
    assert config.status_socket == BASE / "var" / "status.sock"


def test_memory_for_ladders_is_bounded() -> None:
    assert faults("[watch]\nladder_messages = -1") == [
        ("watch", "Expected `int` >= 0 - at `$.ladder_messages`"),
    ]


def test_the_ledger_is_a_file_of_the_data_directory_unless_a_database_is_named() -> None:
    assert Config(directory=Path("/d")).ledger_place == "/d/ledger.sqlite"
    named = parse_config(b'[ledger]\nurl = "postgresql://chakka@db.test/calls"', Path("/d"))
    assert named.ledger_place == "postgresql://chakka@db.test/calls"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://db.test/calls", "must be postgresql://USER@HOST/NAME"),
        ("postgresql://chakka:secret@db.test/calls", "has a password: write it into ~/.pgpass"),
    ],
)
def test_a_ledger_that_no_command_could_open_is_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        parse_config(f'[ledger]\nurl = "{url}"'.encode(), Path("/d"))
    assert "secret" not in str(refusal.value)
