"""A policy as a YAML document, which `--policy FILE` reads."""

from __future__ import annotations

import json
from typing import BinaryIO

from rlcalc.mdp import MDP
from rlcalc.policy import Policy


def write(mdp: MDP, policy: Policy, stream: BinaryIO) -> None:
    """Write π(a|s), one state a line; JSON's strings and numbers are YAML's too."""
    stream.write(b"policy:\n")
    actions = [mdp.actions.texts[a] for a in mdp.action]
    for state, text in enumerate(mdp.states.texts):
        pairs = range(int(mdp.pair_start[state]), int(mdp.pair_start[state + 1]))
        if pairs:
            chances = {actions[k]: float(policy.weight[k]) for k in pairs}
            stream.write(f"  {json.dumps(text)}: {json.dumps(chances)}\n".encode())
