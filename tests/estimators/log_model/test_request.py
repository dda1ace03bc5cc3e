import pytest

from rlcalc import UsageError
from rlcalc.estimators.log_model.request import ModelRequest


def test_rows_that_there_are_not_are_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="there are no rows") as error:
        ModelRequest("transition")

    assert "transitions" in error.value.faults[0].fix
