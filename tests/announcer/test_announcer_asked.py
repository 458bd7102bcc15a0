"""What request-URIs ask for (RFC 4240 §3), and which ask for nothing that is here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.announcer.asked import ALLOWED, LONGEST_S, Asked, Early, Unacceptable, asked
from chakka.media.prompts import script


def annc(parameters: str) -> Asked:
    wanted = asked(f"sip:annc@192.0.2.9:5080;{parameters}")
    assert isinstance(wanted, Asked)
    return wanted


def refused(uri: str) -> int:
    wanted = asked(uri)
    assert isinstance(wanted, Unacceptable)
    return wanted.status


@pytest.mark.parametrize("name", sorted(ALLOWED - {"off_hours"}))
def test_every_allowed_text_is_played_by_its_name(name: str) -> None:
    assert annc(f"play={name}").clips == script(name, variant="")


def test_r4_4_off_hours_is_played_twice_unless_it_is_said_otherwise() -> None:
    assert annc("play=off_hours;param[1]=0120123456").repeat == 2
    assert annc("play=off_hours;param[1]=0120123456;repeat=1").repeat == 1


@pytest.mark.parametrize("name", ["param[1]", "param1"])
def test_the_number_of_an_off_hours_text_is_its_variable(name: str) -> None:
    assert annc(f"play=off_hours;{name}=0120123456").clips == script("off_hours", number="0120123456")


def test_r5_2_the_class_of_a_restriction_is_its_variable() -> None:
    assert annc("play=restricted_class;param[1]=mobile").clips == ("restricted_mobile",)


def test_repeat_delay_and_duration_are_taken_as_they_are() -> None:
    wanted = annc("play=blocked;repeat=3;delay=2000;duration=45000")
    assert (wanted.repeat, wanted.delay_ms, wanted.longest_s) == (3, 2_000, 45.0)


def test_without_them_a_text_is_played_once() -> None:
    wanted = annc("play=blocked")
    assert (wanted.repeat, wanted.delay_ms, wanted.longest_s, wanted.early) == (1, 1_000, LONGEST_S, None)


@pytest.mark.parametrize("parameters", ["repeat=forever", "repeat=999999999", "duration=999999999"])
def test_nothing_lasts_longer_than_the_limit(parameters: str) -> None:
    assert annc(f"play=blocked;{parameters}").longest_s == LONGEST_S


def test_a_pause_is_never_longer_than_clips_allow() -> None:
    assert annc("play=blocked;delay=999999").delay_ms == 10_000


def test_the_early_form_names_status_and_cause() -> None:
    assert annc("play=blocked;early=603;cause=21").early == Early(status=603, cause=21)
    assert annc("play=blocked;early=480").early == Early(status=480, cause=None)


def test_parameters_that_are_not_known_are_passed_over() -> None:
    assert annc("play=blocked;locale=ja_JP;content-type=audio/basic;transport=udp") == annc("play=blocked")


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("sip:annc@192.0.2.9", 400),
        ("sip:annc@192.0.2.9;play=", 400),
        ("sip:annc@192.0.2.9;play", 400),
        ("sip:annc@192.0.2.9;play=weather", 404),
        ("sip:annc@192.0.2.9;play=demo_line", 404),
        ("sip:annc@192.0.2.9;play=file:///etc/passwd", 404),
        ("sip:annc@192.0.2.9;play=file://prompts/blocked", 404),
        ("sip:annc@192.0.2.9;play=http%3A%2F%2F192.0.2.66%2Fa.wav", 404),
        ("sip:annc@192.0.2.9;play=..%2Fblocked", 404),
        ("sip:annc@192.0.2.9;play=off_hours", 400),
        ("sip:annc@192.0.2.9;play=off_hours;param[1]=0312345678", 400),
        ("sip:annc@192.0.2.9;play=blocked;repeat=often", 400),
        ("sip:annc@192.0.2.9;play=blocked;repeat=-1", 400),
        ("sip:annc@192.0.2.9;play=blocked;delay=1.5", 400),
        ("sip:annc@192.0.2.9;play=blocked;duration=9999999999", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=200", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=302", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=yes", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=480;cause=0", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=480;cause=128", 400),
        ("sip:annc@192.0.2.9;play=blocked;early=480;cause=21%0D%0AX:y", 400),
        ("sip:dialog@192.0.2.9;play=blocked", 404),
        ("sip:conf=1@192.0.2.9", 404),
        ("sip:192.0.2.9;play=blocked", 404),
        ("tel:+81312345678", 404),
        ("sip:annc@192.0.2.9;play=%zz", 400),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_status_of_its_fault(uri: str, status: int) -> None:
    assert refused(uri) == status


@given(st.text(max_size=60))
def test_no_parameters_whatever_make_it_fail(text: str) -> None:
    assert isinstance(asked(f"sip:annc@192.0.2.9;{text}"), Asked | Unacceptable)


@given(
    st.sampled_from(sorted(ALLOWED)),
    st.sampled_from(["repeat", "delay", "duration", "cause"]),
    st.text(max_size=8),
)
def test_no_value_whatever_makes_it_last_too_long(name: str, parameter: str, value: str) -> None:
    wanted = asked(f"sip:annc@192.0.2.9;play={name};param[1]=0120123456;{parameter}={value}")
    assert isinstance(wanted, Unacceptable) or 0 <= wanted.longest_s <= LONGEST_S
