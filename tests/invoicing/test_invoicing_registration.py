"""Registration numbers: T, 13 digits, and the check digit of corporations (charging.md §5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chakka.invoicing.registration import check_digit, is_corporate_number, registration_problems

# Published corporate numbers of public bodies.
PUBLIC_BODIES = {
    "国税庁": "7000012050002",
    "総務省": "2000012020001",
    "東京都": "8000020130001",
    "北海道": "7000020010006",
    "大阪市": "6000020271004",
}
TWELVE = st.text("0123456789", min_size=12, max_size=12)


@pytest.mark.parametrize("number", PUBLIC_BODIES.values(), ids=PUBLIC_BODIES.keys())
def test_numbers_of_public_bodies_have_the_right_check_digit(number: str) -> None:
    assert is_corporate_number(number)
    assert registration_problems(f"T{number}", "issuer") == ()


def test_a_wrong_check_digit_is_said_with_the_right_one() -> None:
    (problem,) = registration_problems("T8000012050002", "issuer.registration_number")
    assert (problem.code, problem.where) == ("check_digit", "issuer.registration_number")
    assert "has the check digit 8" in problem.message
    assert problem.message.endswith("it is 7")


def test_a_sole_traders_number_has_no_check_digit() -> None:
    assert registration_problems("T8000012050002", "recipient", corporation=False) == ()


@pytest.mark.parametrize(
    "number",
    ["", "T", "7000012050002", "t7000012050002", "T700001205000", "T70000120500020", " T7000012050002",
     "T7000012050002\n", "T７０００012050002", "T7000-01205-0002"],
)  # fmt: skip
def test_what_is_not_t_and_13_digits_is_no_registration_number(number: str) -> None:
    (problem,) = registration_problems(number, "issuer")
    assert problem.code == "registration_number"
    assert repr(number) in problem.message


@given(TWELVE)
def test_each_twelve_digits_have_one_check_digit_from_1_to_9(digits: str) -> None:
    right = [first for first in "0123456789" if is_corporate_number(first + digits)]
    assert right == [str(check_digit(digits))]
    assert "1" <= right[0] <= "9"


@given(TWELVE, st.integers(0, 11), st.integers(1, 8))
def test_one_wrong_digit_is_always_found_unless_0_and_9_are_mistaken(digits: str, at: int, more: int) -> None:
    """Modulo 9 takes 0 for 9; every other single slip changes the sum."""
    wrong = digits[:at] + str((int(digits[at]) + more) % 10) + digits[at + 1 :]
    if {digits[at], wrong[at]} != {"0", "9"}:
        assert check_digit(wrong) != check_digit(digits)
