"""Episodes of a language world as rollouts: prompts, responses, rewards and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from rlcalc.environments.language_model import LanguageModel
from rlcalc.environments.language_parameters import DELIMITER
from rlcalc.trajectories import Trajectories


def language_rollouts(
    batches: Iterable[Trajectories], language_model: LanguageModel, group: int
) -> Iterator[dict[str, Any]]:
    """Yield the responses of episodes: prompt, response, reward and group.

    A group is `group` episodes in a row, in one round; if that is 1, all with the same prompt.

    Args:
        batches: whole episodes.
        language_model: of the world.
        group: so many successive episodes have the same prompt.
    """
    number = 0
    for batch in batches:
        names, actions = batch.states.texts, batch.actions.texts
        for first, end in pairwise(batch.start.tolist()):
            tokens: list[str] = []
            prompt, turn = "", 0
            for t in range(first, end):
                if not tokens:
                    prompt = language_model.text_of_state(names[batch.state[t]])
                tokens += actions[batch.action[t]].split(DELIMITER)
                if language_model.is_finished(tokens):
                    several = language_model.rounds > 1
                    group_name = f"{number // group}.{turn}" if several else number // group
                    yield {
                        "prompt": prompt,
                        "response": language_model.response(tokens),
                        "reward": float(batch.reward[t]),
                        "group": group_name if group > 1 else prompt,
                    }
                    tokens, turn = [], turn + 1
            number += 1
