import pytest

from rlcalc.errors import UsageError
from rlcalc.objectives.trainers import TRAINERS, objective_of


def test_the_defaults_of_trainers_are_those_of_their_code() -> None:
    verl, trl, slime = (objective_of(None, name) for name in ("verl", "trl", "slime"))

    assert (verl.loss, verl.dual_clip, verl.aggregate) == ("ppo", 3.0, "token-mean")
    assert (verl.log_ratio_high, verl.kl_output) == (20.0, 10.0)
    assert (trl.dual_clip, trl.kl_times_ratio, trl.counts_empty) == (None, True, True)
    assert slime.aggregate == "seq-mean-token-mean"
    assert objective_of("cispo", "trl").high == 5.0


@pytest.mark.parametrize("trainer", TRAINERS)
def test_every_loss_of_a_trainer_is_its_own(trainer: str) -> None:
    for loss in TRAINERS[trainer].losses:
        how = objective_of(loss, trainer)

        assert (how.loss, how.trainer) == (loss, trainer)


def test_a_loss_that_a_trainer_does_not_have_is_refused() -> None:
    with pytest.raises(UsageError, match="openrlhf has no loss sapo"):
        objective_of("sapo", "openrlhf")
    with pytest.raises(UsageError, match="no trainer verll"):
        objective_of(None, "verll")
