"""Whether a state that is not Markov matters: V by Monte Carlo against V of the model."""

from __future__ import annotations

import math

import numpy as np

from rlcalc.errors import InputError, shown
from rlcalc.estimators.comparison import gaps
from rlcalc.estimators.request import Tools
from rlcalc.estimators.transitions import CountedTransitions
from rlcalc.result import Fact


def facts_and_notes(counted: CountedTransitions, tools: Tools) -> tuple[dict[str, Fact], list[str]]:
    """Return V_mc − V_model of the start and of the state where it is largest, or why not.

    Both hold if states are Markov, and Monte Carlo also if they are not; where every path is
    counted once, as from the only start at γ = 1, they are the same. The error is that of the
    difference, by the influence of each trajectory on both; p of the largest is Bonferroni's.

    Source: Hausman (1978), Specification tests in econometrics.
    """
    if counted.summary.ends["truncated"] and counted.truncation.policy == "keep":
        return {}, [
            "V by Monte Carlo is not compared: truncated trajectories miss what follows them; "
            "--truncated drop compares the others"
        ]
    try:
        start, states = gaps(counted, "every", "v", tools)
    except InputError as refused:
        fault = refused.faults[0]
        return {}, [f"V by Monte Carlo is not compared: {fault.what}"]
    z = states.z()
    difference = float(start.difference[0])
    facts: dict[str, Fact] = {
        "start_value_mc_minus_model": 0.0 if start.error[0] == 0 else difference,
        "start_value_mc_minus_model_se": _known(start.error[0]),
    }
    if z.any():
        state = int(np.abs(z).argmax())
        texts = counted.passes.experience.states.texts
        facts |= {
            "largest_z": float(z[state]),
            "largest_z_state": shown(texts[counted.model.state[state]]),
            "largest_z_p": min(1.0, math.erfc(abs(z[state]) / math.sqrt(2)) * int((z != 0).sum())),
        }
    return facts, []


def _known(error: float) -> float | None:
    return None if np.isnan(error) else float(error)
