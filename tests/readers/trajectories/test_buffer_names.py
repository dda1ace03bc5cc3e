"""Names of the arrays of buffers."""

from rlcalc.readers.trajectories.buffer_names import (
    BOTH,
    BUFFER_NAMES,
    MEANINGS,
    OF_STEPS,
    OPTIONAL,
    is_buffer,
)


def test_rewards_and_values_make_a_buffer() -> None:
    """Whatever else there is; a model has rewards and a transition matrix."""
    assert is_buffer(["Rewards", "values", "anything"])
    assert not is_buffer(["reward", "transition"])


def test_a_name_means_one_field() -> None:
    """But for those that may be an entry a step or an entry an environment."""
    fields = [field for field in BUFFER_NAMES if field not in BOTH]
    names = [name for field in fields for name in BUFFER_NAMES[field]]

    assert len(names) == len(set(names))
    assert set(OPTIONAL) < set(OF_STEPS) < set(BUFFER_NAMES)
    assert set(MEANINGS) == {"before", "after", "starts"}
