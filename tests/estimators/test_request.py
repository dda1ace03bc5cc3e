import pytest

import rlcalc
from rlcalc.errors import UsageError


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "tdl"}, "use one of mc, ce, lstd"),
        ({"compare": "mc,mc"}, "--compare needs methods, each once"),
        ({"compare": ""}, "there is no method"),
        ({"method": "ce", "visit": "every"}, "--visit every applies to mc alone"),
        ({"method": "td", "lambda_": 0.5}, "--lambda applies to td-lambda alone"),
        ({"method": "td-lambda", "lambda_": 1.5}, "--lambda is 1.5, expected a number from 0 to 1"),
        ({"method": "ce", "alpha": 0.1}, "--alpha applies to methods that sweep"),
        ({"passes": 3}, "--passes applies to methods that sweep"),
        ({"compare": "mc,ce", "order": "file"}, "--order applies to methods that sweep"),
        ({"method": "td", "alpha": 0}, "--alpha 0 is not a step size"),
        ({"method": "td", "alpha": "1/t"}, "--alpha 1/t is not a step size"),
        ({"method": "td", "alpha": float("nan")}, "--alpha nan is not a step size"),
        ({"method": "td", "passes": 0}, "--passes is 0, expected 1 or more"),
        ({"method": "td", "order": "random"}, "--order random is not known"),
        ({"method": "td-lambda", "order": "reverse"}, "traces run forward in time"),
        ({"method": "td", "of": "q"}, "td estimates V alone"),
        ({"method": "sarsa", "confidence": 1.0}, "confidence is 1"),
        ({"method": "sarsa", "of": "w"}, "of is w"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_a_way_out(
    options: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError) as refused:
        rlcalc.estimate("two-states", **options)  # type: ignore[arg-type]

    assert words in str(refused.value)
    assert "fix:" in str(refused.value)
