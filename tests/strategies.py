"""Random input for hypothesis: at least two trajectories, so that nothing can leak unseen."""

from hypothesis import strategies as st

from tests.reference import Trajectory

gammas = st.sampled_from([0.0, 0.3, 0.9, 0.99, 1.0])


@st.composite
def batches(
    draw: st.DrawFn, states: str = "abc", actions: str = "xy", longest: int = 9
) -> list[Trajectory]:
    step = st.tuples(
        st.sampled_from(states),
        st.sampled_from(actions),
        st.floats(-100, 100, allow_nan=False, width=32),
    )
    return draw(st.lists(st.lists(step, min_size=1, max_size=longest), min_size=2, max_size=40))
