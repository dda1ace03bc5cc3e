"""rlcalc estimate as a process."""

import pytest

from tests.conftest import Shell


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("jacks-car-rental",), 3, "add the number of episodes"),
        (("two-states", "--policy", "uniform"), 2, "apply to a model that is simulated"),
        (("rifle", "-n", "5", "--order-by", "t"), 2, "--order-by applies to trajectories"),
        (("rifle", "student", "-n", "5"), 2, "there are 2 sources, but a model is one source"),
        (("two-states", "--visit", "last"), 2, "first"),
        (("two-states", "--head", "3", "--all"), 2, "--head 3 and --all"),
        (("two-states", "--method", "cd"), 2, "there is no method cd"),
        (("two-states", "--model", "rifle"), 3, "the model has no state hall"),
        (("two-states", "--model", "rifle", "--seed", "1"), 2, "apply to a model that is"),
        (("rifle", "-n", "5", "--model", "rifle"), 2, "--model applies to trajectories"),
        (("two-states", "--method", "ce", "--truncated", "cut"), 2, "use keep"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    arguments: tuple[str, ...], code: int, words: str, rlcalc: Shell
) -> None:
    done = rlcalc("estimate", *arguments)

    assert done.returncode == code
    assert words in done.stderr
    assert done.stdout == ""
