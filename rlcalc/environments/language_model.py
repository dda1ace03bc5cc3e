"""The language model of a language world: token probabilities, responses and their rewards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rlcalc.environments.language_parameters import DELIMITER, Parameters, parameter_text
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.random_streams import drawn_index
from rlcalc.policies import decoding

Tokens = tuple[str, ...]


@dataclass(frozen=True)
class LanguageModel:
    """A language model with its world: token probabilities, ends of responses and rewards."""

    parameters: Parameters
    extra_decoders: tuple[tuple[str, float], ...] = ()  # applied after its own
    _rows: dict[str, tuple[Floats, list[float]]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """The number of responses of an episode."""
        return 1 + len(self.parameters.follow_ups)

    @property
    def end(self) -> str | None:
        """The token that ends a response."""
        return None if self.parameters.end is None else parameter_text(self.parameters.end)

    def token_probabilities(self, text: str) -> Floats:
        """Return [V] the probability of each token after a text, with decoding.

        π(token | text) ∝ exp(logit of the longest context that the text ends with)
        """
        return self._row(text)[0]

    def next_token(self, text: str, word: int) -> tuple[str, float]:
        """Return a random next token, and its probability.

        Args:
            text: the text so far.
            word: 64 random bits.
        """
        row, cumulative = self._row(text)
        index = drawn_index(cumulative, word)
        return self.parameters.vocabulary[index], float(row[index])

    def _row(self, text: str) -> tuple[Floats, list[float]]:
        tail = text[max(0, len(text) - self._reach) :]
        if tail not in self._rows:
            known = self.parameters.logits
            context = max((c for c in known if tail.endswith(c)), key=len, default=None)
            row = known.get(context, {}) if context is not None else {}
            logit = np.array([row.get(token, 0.0) for token in self.parameters.vocabulary])
            weight = np.exp(logit - logit.max())
            steps = [*self.parameters.decoding_steps(), *self.extra_decoders]
            probability = decoding.apply_decoders(weight / weight.sum(), np.zeros(1, int), steps)
            self._rows[tail] = probability, np.cumsum(probability).tolist()
        return self._rows[tail]

    @cached_property
    def _reach(self) -> int:
        return max(map(len, self.parameters.logits), default=0)

    def is_finished(self, tokens: Sequence[str]) -> bool:
        """Return whether a response is finished."""
        return len(tokens) == self.parameters.horizon or (bool(tokens) and tokens[-1] == self.end)

    def response(self, tokens: Iterable[str]) -> str:
        """Return the text of a response, without the token that ends it."""
        return self.parameters.separator.join(token for token in tokens if token != self.end)

    def text(self, *parts: str) -> str:
        """Return successive texts as one."""
        return self.parameters.separator.join(part for part in parts if part)

    def rewards(self, prompt: str, tokens: Sequence[str]) -> list[tuple[float, float]]:
        """Return the rewards of a finished response, each with its probability."""
        reward = self.parameters.reward.reward(prompt, self.response(tokens))
        flipped = self.parameters.reward.flipped_sum - reward
        judge = self.judge
        rewards = [(1 - judge, reward), (judge, flipped)] if flipped != reward else [(1.0, reward)]
        return [(probability, r) for probability, r in rewards if probability > 0]

    @property
    def judge(self) -> float:
        """The probability that a reward is flipped."""
        return min(1.0, self.parameters.judge)

    def responses(self, text: str) -> Iterator[tuple[Tokens, float]]:
        """Yield every finished response to a text with its probability, in a fixed order."""
        pending: list[tuple[Tokens, float]] = [((), 1.0)]
        while pending:
            tokens, probability = pending.pop()
            if self.is_finished(tokens):
                yield tokens, probability
                continue
            row = self.token_probabilities(self.text(text, *tokens))
            following = zip(self.parameters.vocabulary, row.tolist(), strict=True)
            pending += [((*tokens, token), probability * p) for token, p in following][::-1]

    def text_of_state(self, name: str) -> str:
        """Return the text of a state, from its name."""
        rounds = [part.split(DELIMITER) for part in name.split(DELIMITER + DELIMITER)]
        return self.text(*(self.text(part[0], self.response(part[1:])) for part in rounds))

    def size(self) -> tuple[int, int]:
        """Return the number of states, and of state-action pairs.

        With V tokens, b of which do not end it, and a horizon of H there are Σ_{t<H} b^t prefixes
        and R = Σ_{t<H−1} (V − b) b^t + V b^(H−1) responses; every round multiplies by R.
        """
        parameters = self.parameters
        v, h = len(parameters.vocabulary), parameters.horizon
        b = v - (self.end is not None)
        prefixes = h if b == 1 else (b**h - 1) // (b - 1)
        responses = (v - b) * (prefixes - b ** (h - 1)) + v * b ** (h - 1)
        conversations = len(parameters.prompts) * sum(responses**i for i in range(self.rounds))
        if parameters.level == "token":
            return conversations * prefixes + 1, conversations * prefixes * v
        return conversations + 1, conversations * responses


@dataclass(frozen=True)
class LanguageTurn:
    """A round of a conversation, before its response."""

    name: str  # of the state
    text: str  # so far, with the prompt
    prompt: str  # of this round
    round: int

    def next_turn(
        self, language_model: LanguageModel, tokens: Sequence[str]
    ) -> LanguageTurn | None:
        """Return the next round, if there is one."""
        if self.round + 1 == language_model.rounds:
            return None
        prompt = language_model.parameters.follow_ups[self.round]
        name = DELIMITER.join([self.name, *tokens, "", prompt])
        text = language_model.text(self.text, language_model.response(tokens), prompt)
        return LanguageTurn(name, text, prompt, self.round + 1)
