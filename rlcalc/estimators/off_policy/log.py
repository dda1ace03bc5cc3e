"""A log for another policy: its steps with ratios π/b, and the values of the model it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rlcalc.estimators.off_policy.behaviour import Behaviour
from rlcalc.estimators.off_policy.gates import OFTEN, ModelFit
from rlcalc.estimators.off_policy.pieces import Piece, refuse_impossible
from rlcalc.estimators.off_policy.steps import EvaluatedSteps, PairSums, ValuesOfSteps
from rlcalc.estimators.off_policy.target import (
    FittedValues,
    PolicyTable,
    TargetModel,
    TargetWeights,
    entry_of,
)
from rlcalc.estimators.off_policy.times import TimeSums
from rlcalc.estimators.passes import Passes
from rlcalc.estimators.transitions import (
    CountedModel,
    CountedTransitions,
)
from rlcalc.estimators.truncation import Truncation, UsableTrajectories
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.numerics.arrays import Floats, Ints, compact_codes, segment_sums, weighted_counts
from rlcalc.trajectories import Trajectories

Values = Mapping[str, Mapping[str, float]]
"""Q̂ by the texts of states and actions."""


NEGLIGIBLE = 1e-6
"""The share of visits up to which pairs that the log lacks do not matter."""


@dataclass(frozen=True)
class Pairs:
    """The different state-action pairs of a piece, and that of each step."""

    number: Ints  # [T] the place of each step's pair
    state: Ints  # [P] its state
    action: Ints  # [P] its action
    place: Ints  # [P] its number in the model of the log; −1: no step of it is counted


@dataclass(frozen=True)
class PolicyLog:
    """A log and a policy: whatever the methods of off-policy evaluation need from both."""

    passes: Passes
    counted: CountedTransitions
    policy: PolicyTable
    target: TargetWeights
    solution: TargetModel
    fitted: tuple[FittedValues, FittedValues]  # for the even and for the odd episodes
    behaviour: Behaviour
    given: bool  # whether Q̂ was given
    times: TimeSums | None = None
    robust: tuple[FittedValues, FittedValues] | None = None
    horizon: int | None = None  # the number of rewards that count

    @property
    def model(self) -> CountedModel:
        """The model that the log shows."""
        return self.counted.model

    @property
    def gamma(self) -> float:
        """γ."""
        return self.counted.gamma

    @property
    def behaviour_text(self) -> str:
        """The behaviour policy, for the facts."""
        return self.behaviour.text

    @property
    def notes(self) -> list[str]:
        """What happened to truncated trajectories."""
        counted = self.counted
        warnings = counted.truncation.warnings(counted.summary.ends)
        return [*warnings, *(note for note in counted.notes if note not in warnings)]

    @cached_property
    def _unsupported(self) -> list[tuple[int, str]]:
        """The pairs that the policy takes where it goes, and that the log never has."""
        met = self.solution.visits > 0
        return [(s, action) for s, action in self.target.absent if met[s]]

    @property
    def n_unsupported(self) -> int:
        """The number of pairs that the policy takes where it goes, and that the log never has."""
        return len(self._unsupported)

    def unsupported_names(self) -> list[str]:
        """Return the first of these pairs, as text."""
        texts = self.passes.experience.states.texts
        return [f"{texts[self.model.state[s]]} {a}" for s, a in self._unsupported[:9]]

    @property
    def unsupported_gain(self) -> float:
        """Σ d(s) π(absent|s): the weight in the value of the gains after such pairs."""
        return float(self.solution.visits @ self.target.missing)

    @property
    def unsupported_share(self) -> float:
        """The share of the policy's discounted visits that choose such a pair."""
        total = float(self.solution.visits.sum())
        return self.unsupported_gain / total if total > 0 else 0.0

    @property
    def is_identified(self) -> bool:
        """Whether the pairs that the log lacks are too rare to matter, if there are any."""
        return self.unsupported_share <= NEGLIGIBLE

    @property
    def truncation(self) -> Truncation:
        """How truncated trajectories are treated."""
        return self.counted.truncation

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces of another pass."""
        return Piece.of_pass(self.passes)

    def steps(self, piece: Piece, *, weights: bool = True) -> EvaluatedSteps:
        """Return the steps of a piece with what the methods need.

        Args:
            piece: of this log.
            weights: whether ratios are needed; else they are 1.

        Raises:
            InputError: a probability is missing or impossible.
        """
        prepared = self.counted.truncation.apply(piece.trajectories)
        batch = prepared.trajectories
        tail = np.zeros(len(batch)) if prepared.tail is None else prepared.tail
        pairs = self.pairs(batch)
        ratio = behaviour = np.ones(batch.n_steps)
        if weights:
            behaviour = self.behaviour_of(batch, pairs, piece)
            chance = self._chances(self.policy, self.target.weight, pairs, batch)[pairs.number]
            with np.errstate(over="ignore"):
                ratio = prepared.without_last_states(chance / behaviour)
        half = (piece.before + np.flatnonzero(prepared.kept)) % 2
        first = batch.state[batch.start[:-1]]
        moved, squares = self._influence(piece, prepared, pairs)
        value = self._value_of_states[0 if self.given else 2]
        steps = EvaluatedSteps(
            start=batch.start,
            reward=prepared.reward,
            tail=tail,
            gamma=self.gamma,
            ratio=ratio,
            influence=np.zeros(len(batch)) if self.given else moved,
            first_value=value[first],
            fitted=self._values(self.fitted, prepared, pairs, half),
            robust=self.robust and self._values(self.robust, prepared, pairs, half),
            times=self.times,
            pairs=PairSums(*self._sums(pairs, behaviour), squares),
        )
        return steps if self.horizon is None else steps.within(self.horizon)

    def _sums(self, pairs: Pairs, behaviour: Floats) -> tuple[Floats, Floats]:
        """Return [K] the steps of each pair, and [K] Σ b over them."""
        place, k = pairs.place[pairs.number], len(self.model.pair)
        known = place >= 0
        if not known.all():
            place, behaviour = place[known], behaviour[known]
        return weighted_counts(place, np.ones(len(place)), k), weighted_counts(place, behaviour, k)

    def behaviour_of(self, batch: Trajectories, pairs: Pairs, piece: Piece) -> Floats:
        """Return [T] b(a_t|s_t).

        Raises:
            InputError: one is missing, or is not above 0.
        """
        if self.behaviour.kind == "counts":
            of_pair = np.where(pairs.place >= 0, self.model.policy[pairs.place], 1.0)
            chance = of_pair[pairs.number]
        elif self.behaviour.table is not None:
            of_pair = self._chances(self.behaviour.table, None, pairs, batch)
            chance = of_pair[pairs.number]
        else:
            chance = self.behaviour.logged(batch)
        refuse_impossible(chance, batch, piece)
        return chance

    def pairs(self, batch: Trajectories) -> Pairs:
        """Return the pairs of some steps."""
        n_actions = max(len(batch.actions), 1)
        code = batch.state.astype(np.int64) * n_actions + batch.action
        number, key = compact_codes(code, max(len(batch.states), 1) * n_actions)
        state, action = np.divmod(key, n_actions)
        place = np.minimum(self.model.pair_of(state, action), len(self.model.pair) - 1)
        known = self.model.pair[place] == state << ACTION_BITS | action
        return Pairs(number, state, action, np.where(known, place, -1))

    def _chances(
        self, policy: PolicyTable, weight: Floats | None, pairs: Pairs, batch: Trajectories
    ) -> Floats:
        """Return [P] the probabilities of pairs under a policy."""
        known = pairs.place >= 0
        chance = np.zeros(len(pairs.place))
        if weight is not None:
            chance = np.where(known, weight[pairs.place], 0.0)
            rest = np.flatnonzero(~known)
        else:
            rest = np.arange(len(chance))
        for p in rest.tolist():
            state, action = (
                batch.states.texts[pairs.state[p]],
                batch.actions.texts[pairs.action[p]],
            )
            chance[p] = entry_of(policy, state).get(action, 0.0)
        return chance

    @cached_property
    def _value_of_states(self) -> Floats:
        """[3, labels + 1] V̂ by the numbers of states: of both halves, of the model; 0 behind."""
        value = np.zeros((3, len(self.passes.experience.states) + 1))
        columns = (self.fitted[0].value, self.fitted[1].value, self.solution.value)
        value[:, self.model.state] = columns
        return value

    def _values(
        self,
        fitted: tuple[FittedValues, FittedValues],
        prepared: UsableTrajectories,
        pairs: Pairs,
        half: Ints,
    ) -> ValuesOfSteps:
        """Return V̂ and Q̂ of steps, each from the model that its episode is not in."""
        batch = prepared.trajectories
        n_labels = len(batch.states) + 1
        value = np.zeros((2, n_labels))
        value[:, self.model.state] = [one.value for one in fitted]
        by_pair = value[:, pairs.state]
        known = pairs.place >= 0
        q = np.stack([one.action_value for one in fitted])
        by_pair[:, known] = q[:, pairs.place[known]]
        of_step = np.repeat(half, batch.length)
        last = np.zeros(len(batch))
        if prepared.tail is not None:
            last = prepared.tail
        elif batch.last_state is not None:
            cut = batch.truncated & ~batch.terminated & (batch.last_state >= 0)
            last = np.where(cut, value[half, batch.last_state], 0.0)
        here = value[of_step, batch.state]
        taken = by_pair[of_step, pairs.number]
        ends = np.flatnonzero(prepared.usable < batch.length)
        if len(ends):
            here[batch.start[1:][ends] - 1] = taken[batch.start[1:][ends] - 1] = 0.0
        return ValuesOfSteps(here, taken, last)

    def _influence(
        self, piece: Piece, prepared: UsableTrajectories, pairs: Pairs
    ) -> tuple[Floats, Floats]:
        """Return [E] E Σ_t w (r + γ V(s') − Q) of episodes, and [K] the squares of `PairSums`."""
        known = self.counted.known_steps(piece.trajectories)
        batch, model = known.trajectories, self.model
        same = batch.n_steps == prepared.trajectories.n_steps
        number = pairs if same else self.pairs(batch)
        pair = number.place[number.number]
        following = self._number_of_state[known.next_state]
        weighted = self.solution.moved(pair, batch.reward, following)
        moved = self._scale[pair] * weighted
        kept = np.flatnonzero(prepared.kept)
        total = np.zeros(len(kept))
        total[np.searchsorted(kept, known.number)] = segment_sums(moved, batch.start)
        return total, weighted_counts(pair, weighted * weighted, len(model.pair))

    @cached_property
    def _number_of_state(self) -> Ints:
        """[labels + 1] the number of each state in the model; that of the end stands behind."""
        n = len(self.model.state)
        number = np.full(len(self.passes.experience.states) + 1, n)
        number[self.model.state] = np.arange(n)
        return number

    @cached_property
    def _scale(self) -> Floats:
        """[K] E / √(N (N − 1)) with N = N(s,a).

        The residuals of a pair sum to 0, and their squares to less than those of the true ones: the
        root of N/(N − 1) makes up for it.
        """
        n = self.model.count.astype(np.float64)
        return self.n_episodes / np.sqrt(n * np.maximum(n - 1, 1))

    def fit(self, sums: PairSums) -> ModelFit:
        """Return how well the log determines the model where the policy goes.

        The error of ce is that of the means of pairs, v_k = (d π/N)² N/(N−1) Σ (r + γV' − Q)² each,
        so its degrees of freedom are (Σ v_k)² / Σ v_k²/(N_k − 1), by Welch and Satterthwaite.
        """
        visits, n = self.solution.pair_visits, self.model.count.astype(np.float64)
        free = np.maximum(n - 1, 1.0)
        variance = sums.squares / n / free
        start = self.model.start @ np.square(self.solution.value - self.solution.start_value)
        of_start, e = float(start) / self.n_episodes, max(self.n_episodes - 1, 1)
        below = float((variance**2 / free).sum()) + of_start**2 / e
        total = float(variance.sum()) + of_start
        often = visits > OFTEN * visits.sum()
        return ModelFit(
            degrees=total * total / below if below > 0 else float(e),
            fewest=int(self.model.count[often].min(initial=2**31)),
        )

    @cached_property
    def n_episodes(self) -> int:
        """The number of episodes that are used."""
        ends = self.counted.summary.ends
        total = ends["terminated"] + ends["truncated"] + ends["unknown"]
        dropped = ends["truncated"] if self.counted.truncation.policy == "drop" else 0
        return int(total - dropped)
