"""Language worlds: a tiny language model as a world, to see its reinforcement learning whole.

The model gives the probability of each token after a text: logits by context, of which the longest
that the text ends with counts. The world rewards a finished response by a rule, and a noisy judge
may flip the reward. Nothing else in the world is random: decoding is the policy.

    token      the state is a prompt and the tokens so far, the action the next token
    sequence   the state is the prompt, the action the whole response
    turn       the same in several rounds: the world answers with its follow-ups
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rlcalc.environments.language_game import LanguageGame
from rlcalc.environments.language_model import LanguageModel, LanguageTurn, Tokens
from rlcalc.environments.language_parameters import DELIMITER, END_STATE, Parameters
from rlcalc.labels import Labels
from rlcalc.mdp import MDP

__all__ = ["Parameters", "build"]

LARGEST = 300_000
"""State-action pairs up to which a world has a table: a few seconds."""


@dataclass(frozen=True)
class LanguageMDP(MDP):
    """A language world as a model, with its language model."""

    language_model: LanguageModel | None = None


def build(parameters: Parameters) -> MDP | LanguageGame:
    """Return a language world as a model with the policy of its logits, or as a game if too large.

    A finished response earns its reward; before that rewards are 0. So without discount the
    value of a prompt is the same at every level, and the advantages of the tokens of a response sum
    to the advantage of the response: Σ_t A(s_t, a_t) = r − V(prompt).
    """
    language_model = LanguageModel(parameters)
    if language_model.size()[1] > LARGEST:
        return LanguageGame(language_model)
    return _as_mdp(language_model)


def _as_mdp(language_model: LanguageModel) -> MDP:
    parameters = language_model.parameters
    states, actions = Labels(parameters.prompts, textual=True), Labels(textual=True)
    pairs: list[tuple[int, int, float]] = []  # state, action, π
    rows: list[tuple[int, float, float, float]] = []  # pair, next state, probability, reward
    turns = deque(LanguageTurn(prompt, prompt, prompt, 0) for prompt in parameters.prompts)
    while turns:
        for name, action, following, rewards, probability in _choices(
            language_model, turns.popleft()
        ):
            goal = following.name if isinstance(following, LanguageTurn) else following
            next_state = states.code(goal)
            rows += [(len(pairs), next_state, p, r) for p, r in rewards]
            pairs.append((states.code(name), actions.code(action), probability))
            if isinstance(following, LanguageTurn):
                turns.append(following)
    state, action_code, weight = map(np.array, zip(*pairs, strict=True))
    pair, goal_code, outcome_probability, reward = map(np.array, zip(*rows, strict=True))
    mdp = LanguageMDP.from_rows(
        state[pair], action_code[pair], goal_code, outcome_probability, reward, states, actions
    )
    start = np.zeros(len(states))
    start[: len(parameters.prompts)] = list(parameters.prompts.values())
    weight = weight[np.lexsort((action_code, state))]
    total = mdp.expected.mean(weight, np.ones(mdp.n_pairs))[mdp.expected.pair_state]
    assert isinstance(mdp, LanguageMDP)
    return replace(
        mdp,
        policy=weight / total,  # 1 but for rounding
        start=start,
        gamma=1.0 if parameters.gamma is None else parameters.gamma,
        name=parameters.name or "language",
        language_model=language_model,
    )


Choice = tuple[str, str, "LanguageTurn | str", list[tuple[float, float]], float]


def _choices(language_model: LanguageModel, turn: LanguageTurn) -> Iterator[Choice]:
    """Yield the state-action pairs until a response is finished.

    Yields:
        The state, the action, the next state, its rewards with their probabilities, and π.
    """

    def last(name: str, action: str, tokens: Tokens, probability: float) -> Choice:
        following = turn.next_turn(language_model, tokens) or END_STATE
        return name, action, following, language_model.rewards(turn.prompt, tokens), probability

    if language_model.parameters.level != "token":
        for tokens, probability in language_model.responses(turn.text):
            yield last(turn.name, DELIMITER.join(tokens), tokens, probability)
        return
    pending: deque[Tokens] = deque([()])
    while pending:
        before = pending.popleft()
        name = DELIMITER.join([turn.name, *before])
        row = language_model.token_probabilities(language_model.text(turn.text, *before)).tolist()
        for token, probability in zip(language_model.parameters.vocabulary, row, strict=True):
            tokens = (*before, token)
            if language_model.is_finished(tokens):
                yield last(name, token, tokens, probability)
            else:
                pending.append(tokens)
                yield name, token, DELIMITER.join([turn.name, *tokens]), [(1.0, 0.0)], probability
