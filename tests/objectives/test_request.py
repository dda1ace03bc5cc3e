from typing import Any

import pytest

from rlcalc.errors import UsageError
from rlcalc.objectives.request import ObjectiveRequest, parse_clip


@pytest.mark.parametrize(
    ("clip", "pair"),
    [("0.2", (0.2, 0.2)), ("0.2:0.28", (0.2, 0.28)), (0.1, (0.1, 0.1)), ((0.3, 0.4), (0.3, 0.4))],
)
def test_a_clip_is_one_number_or_two(clip: Any, pair: tuple[float, float]) -> None:
    assert parse_clip(clip) == pair


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip": "a"}, "a is not a number"),
        ({"clip": "0.1:0.2:0.3"}, "not one number of at least 0, or two"),
        ({"clip": "-0.1"}, "not one number of at least 0, or two"),
        ({"clip": "1.5"}, "a ratio never is"),
        ({"dual_clip": 1.0}, "--dual-clip 1 is not above 1"),
        ({"delta": 0.5}, "--delta 0.5 is not above 1"),
        ({"aggregate": "token-men"}, "did you mean token-mean"),
        ({"aggregate": "constant:0"}, "belongs to constant"),
        ({"aggregate": "token-sum:3"}, "belongs to constant"),
        ({"kl": "k4"}, "no KL estimator k4"),
        ({"kl": "none", "beta": 0.1}, "no effect without a KL term"),
        ({"kl_in": "reward"}, "no effect without a KL term"),
        ({"kl": "k3", "beta": -1.0}, "--beta -1.0 is not"),
        ({"rollout_correction": "tis"}, "is not a correction"),
        ({"rollout_correction": "mask:2:1"}, "rise from 0"),
        ({"rollout_correction": "mask:a:1"}, "a is not a number"),
        ({"loss": "sapo", "clip": "0.2"}, "--clip has no effect with the loss sapo"),
        ({"loss": "gmpo", "dual_clip": 3.0}, "--dual-clip has no effect"),
        ({"loss": "cispoo"}, "did you mean cispo"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        ObjectiveRequest(**options).objective(None)
    fault = error.value.faults[0]

    assert message in f"{fault.what} {fault.fix}"
    assert fault.fix


def test_names_that_trainers_give_to_an_aggregation_are_known() -> None:
    assert ObjectiveRequest(aggregate="dr-grpo").objective(None).aggregate == "constant"
    assert ObjectiveRequest(aggregate="seq-mean-token-sum-norm").objective("verl").constant is None


def test_a_weight_alone_asks_for_k3() -> None:
    how = ObjectiveRequest(beta=0.1).objective(None)

    assert (how.kl, how.beta, how.kl_in) == ("k3", 0.1, "loss")


@pytest.mark.parametrize(
    ("name", "usual"), [("kl", "k1"), ("mse", "k2"), ("kl+", "k1+"), ("low_var_kl+", "k3+")]
)
def test_the_names_of_verl_for_estimators_of_kl_are_known(name: str, usual: str) -> None:
    assert ObjectiveRequest(kl=name).objective("verl") == ObjectiveRequest(kl=usual).objective(
        "verl"
    )
