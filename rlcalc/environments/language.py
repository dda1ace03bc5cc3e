"""Language worlds: a tiny language model as a world, to see its reinforcement learning whole.

The model says what is probable after a text: logits by context, of which the longest that the text
ends with counts. The world pays for a finished response by a rule, and a noisy judge may turn that
over: nothing else is random about it, so decoding is the policy.

    token      the state is a prompt and what has been said, the action the next token
    sequence   the state is the prompt, the action the whole response
    turn       the same in several rounds: the world answers with its follow-ups
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rlcalc.environments.language_parameters import MARK, OVER, Parameters, text_of
from rlcalc.labels import Labels
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats
from rlcalc.numerics.random_streams import draw, stream_keys
from rlcalc.policies import decoding
from rlcalc.policies.named import parse
from rlcalc.trajectories import Trajectories

if TYPE_CHECKING:
    from rlcalc.numerics.random_streams import Words

__all__ = ["Parameters", "build"]

LARGEST = 300_000
"""State-action pairs up to which a world is listed: some seconds."""

BATCH = 1 << 11
"""Episodes that are played together where the world is not listed."""

JUDGE = 1 << 40
"""The place in an episode's stream from which on the judge draws."""

DECODED = tuple(f"{name}:NUMBER" for name in decoding.DECODERS)
"""The policies of a world of tokens that is not listed, beside its own."""

Tokens = tuple[str, ...]
Step = tuple[str, str, float, float]  # state, action, reward, π


@dataclass(frozen=True)
class LanguageMDP(MDP):
    """A language world as a model, which still knows what was said."""

    language_model: Speaker | None = None


@dataclass(frozen=True)
class Speaker:
    """A language model with its world: what comes next, when it is over, what it earns."""

    said: Parameters
    more: tuple[tuple[str, float], ...] = ()  # decoders that come after its own
    _rows: dict[str, tuple[Floats, list[float]]] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        """How many responses an episode has."""
        return 1 + len(self.said.follow_ups)

    @property
    def end(self) -> str | None:
        """The token that ends a response."""
        return None if self.said.end is None else text_of(self.said.end)

    def chances(self, text: str) -> Floats:
        """Return [V] the probability of each token after a text, as it is decoded.

        π(token | text) ∝ exp(logit of the longest context that the text ends with)
        """
        return self._row(text)[0]

    def next_token(self, text: str, word: int) -> tuple[str, float]:
        """Return a token that is drawn to follow a text, and its probability.

        Args:
            text: what was said.
            word: 64 random bits.
        """
        row, summed = self._row(text)
        place = _picked(summed, word)
        return self.said.vocabulary[place], float(row[place])

    def _row(self, text: str) -> tuple[Floats, list[float]]:
        tail = text[max(0, len(text) - self._reach) :]
        if tail not in self._rows:
            known = self.said.logits
            context = max((c for c in known if tail.endswith(c)), key=len, default=None)
            row = known.get(context, {}) if context is not None else {}
            logit = np.array([row.get(token, 0.0) for token in self.said.vocabulary])
            weight = np.exp(logit - logit.max())
            steps = [*self.said.decoding(), *self.more]
            chance = decoding.applied(weight / weight.sum(), np.zeros(1, int), steps)
            self._rows[tail] = chance, np.cumsum(chance).tolist()
        return self._rows[tail]

    @cached_property
    def _reach(self) -> int:
        return max(map(len, self.said.logits), default=0)

    def over(self, tokens: Sequence[str]) -> bool:
        """Return whether a response is finished."""
        return len(tokens) == self.said.horizon or (bool(tokens) and tokens[-1] == self.end)

    def response(self, tokens: Iterable[str]) -> str:
        """Return what was said, without the token that ends it."""
        return self.said.separator.join(token for token in tokens if token != self.end)

    def text(self, *parts: str) -> str:
        """Return texts that follow each other as one."""
        return self.said.separator.join(part for part in parts if part)

    def outcomes(self, asked: str, tokens: Sequence[str]) -> list[tuple[float, float]]:
        """Return the rewards of a finished response, each with its probability."""
        reward = self.said.reward.reward(asked, self.response(tokens))
        turned = self.said.reward.turned_over - reward
        judge = self.judge
        several = [(1 - judge, reward), (judge, turned)] if turned != reward else [(1.0, reward)]
        return [(chance, r) for chance, r in several if chance > 0]

    @property
    def judge(self) -> float:
        """The probability that a reward is turned over."""
        return min(1.0, self.said.judge)

    def responses(self, text: str) -> Iterator[tuple[Tokens, float]]:
        """Yield every finished response to a text with its probability, in a fixed order."""
        pending: list[tuple[Tokens, float]] = [((), 1.0)]
        while pending:
            tokens, chance = pending.pop()
            if self.over(tokens):
                yield tokens, chance
                continue
            row = self.chances(self.text(text, *tokens))
            following = zip(self.said.vocabulary, row.tolist(), strict=True)
            pending += [((*tokens, token), chance * p) for token, p in following][::-1]

    def written(self, name: str) -> str:
        """Return the text that the name of a state stands for."""
        rounds = [part.split(MARK) for part in name.split(MARK + MARK)]
        return self.text(*(self.text(part[0], self.response(part[1:])) for part in rounds))

    def size(self) -> tuple[int, int]:
        """Return how many states there are, and how many state-action pairs.

        With V tokens, of which b do not end it, and a horizon of H there are Σ_{t<H} b^t prefixes
        and R = Σ_{t<H−1} (V − b) b^t + V b^(H−1) responses; every round multiplies by R.
        """
        said = self.said
        v, h = len(said.vocabulary), said.horizon
        b = v - (self.end is not None)
        prefixes = h if b == 1 else (b**h - 1) // (b - 1)
        responses = (v - b) * (prefixes - b ** (h - 1)) + v * b ** (h - 1)
        conversations = len(said.prompts) * sum(responses**i for i in range(self.rounds))
        if said.level == "token":
            return conversations * prefixes + 1, conversations * prefixes * v
        return conversations + 1, conversations * responses


@dataclass(frozen=True)
class Turn:
    """A response that is asked for: how the state is called, what was said, what is asked."""

    name: str
    text: str
    asked: str
    round: int

    def after(self, speaker: Speaker, tokens: Sequence[str]) -> Turn | None:
        """Return the next round, if there is one."""
        if self.round + 1 == speaker.rounds:
            return None
        asked = speaker.said.follow_ups[self.round]
        name = MARK.join([self.name, *tokens, "", asked])
        text = speaker.text(self.text, speaker.response(tokens), asked)
        return Turn(name, text, asked, self.round + 1)


def build(parameters: Parameters) -> MDP | Conversation:
    """Return a language world as a model with the policy that its logits make, if it can be listed.

    A response that is finished earns its reward; before that rewards are 0. So without discount the
    value of a prompt is the same at every level, and the advantages of the tokens of a response sum
    to the advantage of the response: Σ_t A(s_t, a_t) = r − V(prompt).
    """
    speaker = Speaker(parameters)
    if speaker.size()[1] > LARGEST:
        return Conversation(speaker)
    return _listed(speaker)


def _listed(speaker: Speaker) -> MDP:
    said = speaker.said
    states, actions = Labels(said.prompts, textual=True), Labels(textual=True)
    pairs: list[tuple[int, int, float]] = []  # state, action, π
    rows: list[tuple[int, float, float, float]] = []  # pair, next state, probability, reward
    turns = deque(Turn(prompt, prompt, prompt, 0) for prompt in said.prompts)
    while turns:
        for name, action, following, several, chance in _choices(speaker, turns.popleft()):
            goal = following.name if isinstance(following, Turn) else following
            after = states.code(goal)
            rows += [(len(pairs), after, p, r) for p, r in several]
            pairs.append((states.code(name), actions.code(action), chance))
            if isinstance(following, Turn):
                turns.append(following)
    state, action_code, weight = map(np.array, zip(*pairs, strict=True))
    pair, goal_code, probability, reward = map(np.array, zip(*rows, strict=True))
    mdp = LanguageMDP.from_rows(
        state[pair], action_code[pair], goal_code, probability, reward, states, actions
    )
    start = np.zeros(len(states))
    start[: len(said.prompts)] = list(said.prompts.values())
    weight = weight[np.lexsort((action_code, state))]
    total = mdp.expected.mean(weight, np.ones(mdp.n_pairs))[mdp.expected.pair_state]
    assert isinstance(mdp, LanguageMDP)
    return replace(
        mdp,
        policy=weight / total,  # 1 but for rounding
        start=start,
        gamma=1.0 if said.gamma is None else said.gamma,
        name=said.name or "language",
        language_model=speaker,
    )


Choice = tuple[str, str, "Turn | str", list[tuple[float, float]], float]


def _choices(speaker: Speaker, turn: Turn) -> Iterator[Choice]:
    """Yield what can be done until a response is finished.

    Yields:
        The state, the action, what follows, its rewards with their probabilities, and π.
    """
    if speaker.said.level != "token":
        for tokens, chance in speaker.responses(turn.text):
            following = turn.after(speaker, tokens) or OVER
            yield (
                turn.name,
                MARK.join(tokens),
                following,
                speaker.outcomes(turn.asked, tokens),
                chance,
            )
        return
    pending: deque[Tokens] = deque([()])
    while pending:
        before = pending.popleft()
        name = MARK.join([turn.name, *before])
        row = speaker.chances(speaker.text(turn.text, *before)).tolist()
        for token, chance in zip(speaker.said.vocabulary, row, strict=True):
            tokens = (*before, token)
            if speaker.over(tokens):
                following = turn.after(speaker, tokens) or OVER
                yield name, token, following, speaker.outcomes(turn.asked, tokens), chance
            else:
                pending.append(tokens)
                yield name, token, MARK.join([turn.name, *tokens]), [(1.0, 0.0)], chance


@dataclass
class Conversation:
    """A language world that is too large to be listed: it is played a token after the other."""

    language_model: Speaker

    def __post_init__(self) -> None:
        said = self.language_model.said
        self.policies = ("spec", *(DECODED if said.level == "token" else ()))
        self.name = said.name or "language"
        self.gamma = 1.0 if said.gamma is None else said.gamma
        self.states, self.actions = Labels(textual=True), Labels(textual=True)

    def decoded(self, policy: str) -> Conversation | None:
        """Return the same world, each token decoded once more; None if the policy is another one.

        Raises:
            UsageError: a number that does not fit.
        """
        name = parse(policy)
        if (
            not name.decoders
            or name.base not in ("", "spec")
            or self.language_model.said.level != "token"
        ):
            return None
        return Conversation(
            Speaker(self.language_model.said, (*self.language_model.more, *name.decoders))
        )

    @property
    def why(self) -> str:
        """Why there is no table."""
        states, pairs = self.language_model.size()
        return (
            f"listed it would have {_count(states)} states and {_count(pairs)} state-action pairs"
        )

    def play(
        self, n: int, seed: int, policy: Any, max_steps: int | None, group: int, *, with_prob: bool
    ) -> Iterator[Trajectories]:
        """Yield n episodes in batches; arguments as in `Game.play`.

        Place 0 of an episode's stream picks the prompt, place t its t-th token.
        """
        for first in range(0, n, BATCH):
            numbers = np.arange(first, min(first + BATCH, n))
            leader = draw(stream_keys(seed, numbers // group * group), 0)
            episodes = [
                self._episode(int(beginning), key[None])
                for beginning, key in zip(leader, stream_keys(seed, numbers), strict=True)
            ]
            yield self._batch([episode[:max_steps] for episode in episodes], episodes, with_prob)

    def _episode(self, beginning: int, key: Words) -> list[Step]:
        """Return the steps of one episode."""
        speaker, said = self.language_model, self.language_model.said
        prompt = [*said.prompts][_picked([*accumulate(said.prompts.values())], beginning)]
        longest = said.horizon * speaker.rounds
        words = draw(key, np.arange(1, longest + 1)).tolist()
        judges = draw(key, JUDGE + np.arange(speaker.rounds)).tolist()
        turn: Turn | None = Turn(prompt, prompt, prompt, 0)
        steps: list[Step] = []
        rest = iter(words)
        while turn:
            tokens: list[str] = []
            spoken: list[Step] = []
            name, text = turn.name, turn.text
            while not speaker.over(tokens):
                token, chance = speaker.next_token(text, next(rest))
                spoken.append((name, token, 0.0, chance))
                tokens.append(token)
                name, text = name + MARK + token, speaker.text(text, token)
            several = speaker.outcomes(turn.asked, tokens)
            place = _picked([*accumulate(p for p, _ in several)], judges[turn.round])
            reward = several[place][1]
            if said.level == "token":
                steps += [*spoken[:-1], (*spoken[-1][:2], reward, spoken[-1][3])]
            else:
                chance = math.prod(step[3] for step in spoken)
                steps.append((turn.name, MARK.join(tokens), reward, chance))
            turn = turn.after(speaker, tokens)
        return steps

    def _batch(
        self, episodes: list[list[Step]], whole: list[list[Step]], with_prob: bool
    ) -> Trajectories:
        """Return episodes as trajectories; those that are shorter than they would be are cut."""
        states, actions, rewards, chances = zip(*chain.from_iterable(episodes), strict=True)
        cut = np.array([len(a) < len(b) for a, b in zip(episodes, whole, strict=True)])
        last = [
            OVER if len(a) == len(b) else b[len(a)][0] for a, b in zip(episodes, whole, strict=True)
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
            behaviour_prob=np.array(chances) if with_prob else None,
        )


def _picked(summed: list[float], word: int) -> int:
    """Return the number of an entry that is drawn by 64 random bits, from cumulated chances."""
    place = bisect_right(summed, word / 2.0**64 * summed[-1])
    return min(place, bisect_left(summed, summed[-1]))  # the last one that has a chance


def _count(number: int) -> str:
    return f"{number:,}" if number < 10**12 else f"about 10^{math.floor(math.log10(number))}"


def rollouts(
    batches: Iterable[Trajectories], speaker: Speaker, group: int
) -> Iterator[dict[str, Any]]:
    """Yield the responses of episodes: prompt, response, reward and group.

    A group is `group` episodes in a row, in one round; if that is 1, all with the same prompt.

    Args:
        batches: episodes, whole.
        speaker: who said it.
        group: how many episodes in a row have the same prompt.
    """
    number = 0
    for batch in batches:
        names, actions = batch.states.texts, batch.actions.texts
        for first, end in pairwise(batch.start.tolist()):
            said: list[str] = []
            prompt, turn = "", 0
            for t in range(first, end):
                if not said:
                    prompt = speaker.written(names[batch.state[t]])
                said += actions[batch.action[t]].split(MARK)
                if speaker.over(said):
                    own = number // group if speaker.rounds == 1 else f"{number // group}.{turn}"
                    yield {
                        "prompt": prompt,
                        "response": speaker.response(said),
                        "reward": float(batch.reward[t]),
                        "group": own if group > 1 else prompt,
                    }
                    said, turn = [], turn + 1
            number += 1
