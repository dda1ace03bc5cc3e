"""Conditions: their grammar, and errors in the words of the option that holds them."""

import pytest

from rlcalc import UsageError
from rlcalc.conditions import EXAMPLES, Condition


def test_a_condition_is_a_name_a_comparison_and_a_value() -> None:
    assert Condition.parse("v>=0.50") == Condition("v", ">=", ("0.5",))
    assert Condition.parse(" dead share == 1 ") == Condition("dead share", "=", ("1",))
    assert str(Condition.parse("env in a, 'b'")) == "env in a,b"


@pytest.mark.parametrize("option", EXAMPLES)
@pytest.mark.parametrize("text", ["", "v", "v >", "> 1", "v > high"])
def test_an_error_names_the_option_and_its_examples_are_conditions(text: str, option: str) -> None:
    with pytest.raises(UsageError) as error:
        Condition.parse(text, option)

    assert str(error.value).startswith(f"{option} ")
    for example in EXAMPLES[option].split(f", {option} "):
        assert Condition.parse(example.strip("'"), option)


def test_a_truth_value_is_a_word() -> None:
    assert Condition.parse("converged = True").keeps(True)
    assert not Condition.parse("converged = true").keeps(False)
    assert Condition.parse("converged != true").keeps(None)
