"""A language world that is too large for a table: it is simulated token by token."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.environments.language_model import LanguageModel, LanguageTurn
from rlcalc.environments.language_parameters import DELIMITER, END_STATE
from rlcalc.labels import Labels
from rlcalc.numerics.random_streams import draw, drawn_index, stream_keys
from rlcalc.policies import decoding
from rlcalc.policies.named import parse
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.numerics.random_streams import Words

BATCH = 1 << 11
"""Episodes that are simulated together."""

JUDGE_STREAM = 1 << 40
"""The position in an episode's random stream from which on the judge draws."""

DECODED_POLICIES = tuple(f"{name}:NUMBER" for name in decoding.DECODERS)
"""The policies of a world of tokens, beside its own."""

Step = tuple[str, str, float, float]  # state, action, reward, π


@dataclass
class LanguageGame:
    """A language world without a table: it is simulated token by token."""

    language_model: LanguageModel

    def __post_init__(self) -> None:
        parameters = self.language_model.parameters
        self.policies = ("spec", *(DECODED_POLICIES if parameters.level == "token" else ()))
        self.name = parameters.name or "language"
        self.gamma = 1.0 if parameters.gamma is None else parameters.gamma
        self.states, self.actions = Labels(textual=True), Labels(textual=True)

    def decoded(self, policy: str) -> LanguageGame | None:
        """Return the same world with more decoders; None if the policy is not made of decoders.

        Raises:
            UsageError: the number of a decoder is out of range.
        """
        name, parameters = parse(policy), self.language_model.parameters
        if not name.decoders or name.base not in ("", "spec") or parameters.level != "token":
            return None
        return LanguageGame(
            LanguageModel(parameters, (*self.language_model.extra_decoders, *name.decoders))
        )

    @property
    def why(self) -> str:
        """The reason that there is no table."""
        states, pairs = self.language_model.size()
        return (
            f"its table would have {_count(states)} states and {_count(pairs)} state-action pairs"
        )

    def play(
        self, n: int, seed: int, policy: Any, max_steps: int | None, group: int, *, with_prob: bool
    ) -> Iterator[Trajectories]:
        """Yield n episodes in batches; arguments as in `Game.play`.

        Position 0 of an episode's random stream picks the prompt, position t its t-th token.
        """
        for first in range(0, n, BATCH):
            numbers = np.arange(first, min(first + BATCH, n))
            leader = draw(stream_keys(seed, numbers // group * group), 0)
            episodes = [
                self._episode(int(prompt_word), key[None])
                for prompt_word, key in zip(leader, stream_keys(seed, numbers), strict=True)
            ]
            yield self._batch([episode[:max_steps] for episode in episodes], episodes, with_prob)

    def _episode(self, prompt_word: int, key: Words) -> list[Step]:
        """Return the steps of one episode."""
        language_model, parameters = self.language_model, self.language_model.parameters
        prompt = [*parameters.prompts][
            drawn_index([*accumulate(parameters.prompts.values())], prompt_word)
        ]
        longest = parameters.horizon * language_model.rounds
        words = draw(key, np.arange(1, longest + 1)).tolist()
        judges = draw(key, JUDGE_STREAM + np.arange(language_model.rounds)).tolist()
        turn: LanguageTurn | None = LanguageTurn(prompt, prompt, prompt, 0)
        steps: list[Step] = []
        rest = iter(words)
        while turn:
            tokens: list[str] = []
            token_steps: list[Step] = []
            name, text = turn.name, turn.text
            while not language_model.is_finished(tokens):
                token, probability = language_model.next_token(text, next(rest))
                token_steps.append((name, token, 0.0, probability))
                tokens.append(token)
                name, text = name + DELIMITER + token, language_model.text(text, token)
            rewards = language_model.rewards(turn.prompt, tokens)
            index = drawn_index([*accumulate(p for p, _ in rewards)], judges[turn.round])
            reward = rewards[index][1]
            if parameters.level == "token":
                steps += [*token_steps[:-1], (*token_steps[-1][:2], reward, token_steps[-1][3])]
            else:
                probability = math.prod(step[3] for step in token_steps)
                steps.append((turn.name, DELIMITER.join(tokens), reward, probability))
            turn = turn.next_turn(language_model, tokens)
        return steps

    def _batch(
        self, episodes: list[list[Step]], whole: list[list[Step]], with_prob: bool
    ) -> Trajectories:
        """Return episodes as trajectories; those that are shorter than `whole` are truncated."""
        states, actions, rewards, token_probabilities = zip(
            *chain.from_iterable(episodes), strict=True
        )
        cut = np.array([len(a) < len(b) for a, b in zip(episodes, whole, strict=True)])
        last = [
            END_STATE if len(a) == len(b) else b[len(a)][0]
            for a, b in zip(episodes, whole, strict=True)
        ]
        return Trajectories(
            start=np.cumsum([0, *map(len, episodes)]),
            state=self.states.encode(states),
            action=self.actions.encode(actions),
            reward=np.array(rewards),
            terminated=~cut,
            truncated=cut,
            states=self.states,
            actions=self.actions,
            last_state=self.states.encode(last),
            behaviour_prob=np.array(token_probabilities) if with_prob else None,
        )


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**12 else f"about 10^{math.floor(math.log10(number))}"
