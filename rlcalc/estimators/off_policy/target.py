"""The target policy in the model that a log shows: its values, its visits, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rlcalc.errors import InputError, listed, meant, shown
from rlcalc.estimators.off_policy.request import Solvers
from rlcalc.estimators.transitions import (
    END,
    START,
    CountedModel,
    TransitionCounts,
    TransitionSummary,
)
from rlcalc.estimators.visits import ACTION_BITS
from rlcalc.expected_mdp import ExpectedMDP
from rlcalc.graph.reachability import never_ending, reachable
from rlcalc.labels import Labels
from rlcalc.numerics.arrays import Floats, Ints, weighted_counts

PolicyTable = Mapping[str, Mapping[str, float]]
"""π by the texts of states and actions."""


@dataclass(frozen=True)
class TargetWeights:
    """π on the S states and K pairs that a log shows."""

    weight: Floats  # [K] π(a|s)
    missing: Floats  # [S] Σ π(a|s) of the actions that the log never has in the state
    absent: list[tuple[int, str]]  # these actions, each with the number of its state

    @classmethod
    def of(
        cls, policy: PolicyTable, model: CountedModel, states: Labels, actions: Labels
    ) -> TargetWeights:
        """Return π on the pairs of a model.

        Raises:
            InputError: the policy lacks a state of the log.
        """
        weight, missing = np.zeros(len(model.pair)), np.zeros(len(model.state))
        absent: list[tuple[int, str]] = []
        start = model.expected.pair_start
        action = (model.pair & ((1 << ACTION_BITS) - 1)).tolist()
        for s, code in enumerate(model.state.tolist()):
            chances = entry_of(policy, states.texts[code])
            pairs = range(start[s], start[s + 1])
            seen = {actions.texts[action[k]]: k for k in pairs}
            for name, chance in chances.items():
                if name in seen:
                    weight[seen[name]] = chance
                elif chance > 0:
                    missing[s] += chance
                    absent.append((s, name))
        return cls(weight, missing, absent)


def entry_of(policy: PolicyTable, state: str) -> Mapping[str, float]:
    """Return π in a state.

    Raises:
        InputError: there is none.
    """
    if state not in policy:
        raise InputError(
            f"the policy has no entry of state {shown(state)}, which the log has",
            "the policy",
            f"{meant(state, policy)}add the state: {{action: probability}}; the policy has "
            f"{listed(policy)}",
        )
    return policy[state]


def chain_of(model: ExpectedMDP, weight: Floats, missing: Floats) -> ExpectedMDP:
    """Return the chain of a policy, in which actions that the log never has lead to the end.

    Args:
        model: of S + 1 states, the last of which is the end.
        weight: [K] π(a|s).
        missing: [S] the rest of π.
    """
    n = len(missing)
    length = np.diff(model.outcome_start)
    share = np.repeat(weight, length) * model.probability
    taken = np.flatnonzero(share > 0)
    source = np.repeat(model.pair_state, length)[taken]
    ends = np.flatnonzero(missing > 0)
    source = np.concatenate([source, ends])
    order = np.argsort(source, kind="stable")
    return ExpectedMDP(
        pair_start=np.append(np.arange(n + 1), n),
        outcome_start=np.searchsorted(source[order], np.arange(n + 1)),
        next_state=np.concatenate([model.next_state[taken], np.full(len(ends), n)])[order].astype(
            np.int32
        ),
        probability=np.concatenate([share[taken], missing[ends]])[order],
        reward=np.bincount(model.pair_state, weight * model.reward, n)[:n].astype(np.float64),
        largest_reward=model.largest_reward,
    )


MOST_ENTRIES = 1 << 25
"""Entries of a table of values by time, or of pairs by states: 256 MB."""


@dataclass(frozen=True)
class TargetModel:
    """V, Q and the visits of π in the model that the log shows; unseen actions are worth 0."""

    value: Floats  # [S]
    action_value: Floats  # [K]
    visits: Floats  # [S] d(s) = Σ_t γ^t P(s_t = s) before an action that the log lacks
    start_value: float
    pair_visits: Floats  # [K] d(s) π(a|s)
    gamma: float
    ahead: Floats | None = None  # [K, S + 1] Σ_t d_t π γ V_{H−t−1}(s'), with a horizon H
    expected: Floats | None = None  # [K] Σ_t d_t π Q_{H−t}

    def moved(self, pair: Ints, reward: Floats, following: Ints) -> Floats:
        """Return [T] d(s) π(a|s) (r + γ V(s') − Q(s,a)) of steps, summed over t with a horizon.

        Args:
            pair: [T] numbers of pairs.
            reward: [T] r.
            following: [T] numbers of the next states; S is the end.
        """
        if self.ahead is None or self.expected is None:
            value = np.append(self.value, 0.0)
            residual = reward + self.gamma * value[following] - self.action_value[pair]
            weighted: Floats = self.pair_visits[pair] * residual
            return weighted
        ahead: Floats = self.pair_visits[pair] * reward + self.ahead[pair, following]
        return ahead - self.expected[pair]

    @classmethod
    def over_steps(
        cls, model: CountedModel, target: TargetWeights, gamma: float, horizon: int
    ) -> TargetModel:
        """Return the values of the first H rewards: V_0 = 0, V_k = r_π + γ P_π V_{k−1}.

        Raises:
            InputError: the horizon, or the model, is too large for the tables.
        """
        chain = chain_of(model.expected, target.weight, target.missing)
        n, k = len(model.state), len(model.pair)
        if horizon * (n + 1) > MOST_ENTRIES or k * (n + 1) > MOST_ENTRIES:
            raise InputError(
                f"a horizon of {horizon:,} steps is too long for a log of {n:,} states",
                "--horizon",
                "use a shorter one, or --gamma below 1 without a horizon",
            )
        values = [np.zeros(n + 1)]
        for _ in range(horizon):
            values.append(np.append(chain.action_value(values[-1], gamma), 0.0))
        state, length = model.expected.pair_state, np.diff(chain.outcome_start)
        here: Floats = np.append(model.start, 0.0)
        visits, pair_visits, expected = np.zeros(n + 1), np.zeros(k), np.zeros(k)
        ahead = np.zeros((k, n + 1))
        for t in range(horizon):
            later = values[horizon - t - 1]
            now = here[state] * target.weight
            visits += here
            pair_visits += now
            ahead += np.outer(now, gamma * later)
            expected += now * model.expected.action_value(later, gamma)
            chance = np.repeat(here[:-1], length) * chain.probability
            here = gamma * weighted_counts(chain.next_state.astype(np.int64), chance, n + 1)
            here[-1] = 0.0
        value = values[-1]
        return cls(
            value=value[:-1],
            action_value=model.expected.action_value(values[-2], gamma),
            visits=visits[:-1],
            start_value=float(model.start @ value[:-1]),
            pair_visits=pair_visits,
            gamma=gamma,
            ahead=ahead,
            expected=expected,
        )

    @classmethod
    def of(
        cls,
        model: CountedModel,
        target: TargetWeights,
        gamma: float,
        tools: Solvers,
        states: Labels,
        *,
        visits_alone: bool = False,
    ) -> TargetModel:
        """Return the solution of V = r_π + γ P_π V and d = start + γ P_π' d.

        Where the visits alone are needed, to see what the log lacks, those of a policy that never
        ends are discounted.

        Raises:
            InputError: gamma is 1, and π stays for ever in some states of the model.
        """
        chain = chain_of(model.expected, target.weight, target.missing)
        if gamma == 1 and visits_alone and len(never_ending(chain)):
            gamma = SURROGATE
        if gamma == 1:
            chain = _ending(chain, model, states)
        value = tools.system(chain, gamma, chain.reward[:, None], False)[:, 0]
        start = np.append(model.start, 0.0)
        visits = tools.visits(chain, start, gamma)[:-1]
        return cls(
            value=value[:-1],
            action_value=model.expected.action_value(value, gamma),
            visits=visits,
            start_value=float(start @ value),
            pair_visits=visits[model.expected.pair_state] * target.weight,
            gamma=gamma,
        )


def _ending(chain: ExpectedMDP, model: CountedModel, states: Labels) -> ExpectedMDP:
    """Return the chain with an end behind states that never end and that π never meets.

    Raises:
        InputError: π meets one of them.
    """
    endless = never_ending(chain)
    if not len(endless):
        return chain
    met = reachable(chain, np.append(model.start, 0.0) > 0)[endless]
    if met.any():
        names = states.named(model.state[endless[met][:9]])
        raise InputError(
            "with gamma 1 the policy has no value: in the data it never leads to the end of a "
            f"trajectory from {int(met.sum()):,} states",
            listed(names, total=int(met.sum())),
            "use --gamma 0.99, or --horizon 100",
        )
    return _ended(chain, endless)


def _ended(chain: ExpectedMDP, states: Ints) -> ExpectedMDP:
    """Return the chain in which some states lead to the end, without a reward."""
    n = chain.n_pairs
    gone = np.zeros(n, dtype=bool)
    gone[states] = True
    length = np.where(gone, 1, np.diff(chain.outcome_start))
    start = np.concatenate([[0], np.cumsum(length)])
    kept = np.repeat(~gone, length)
    old = ~np.repeat(gone, np.diff(chain.outcome_start))
    following, chance = np.full(len(kept), n, np.int32), np.ones(len(kept))
    following[kept], chance[kept] = chain.next_state[old], chain.probability[old]
    return replace(
        chain,
        outcome_start=start,
        next_state=following,
        probability=chance,
        reward=np.where(gone, 0.0, chain.reward),
    )


@dataclass(frozen=True)
class FittedValues:
    """Q̂ of the pairs of a log and V̂ = Σ π Q̂ of its states, from some of its episodes."""

    value: Floats  # [S]
    action_value: Floats  # [K]

    @classmethod
    def of(
        cls,
        summary: TransitionSummary | None,
        whole: CountedModel,
        target: TargetWeights,
        gamma: float,
        tools: Solvers,
    ) -> FittedValues:
        """Return Q̂ of the model that a half of the episodes shows.

        A pair that the half lacks has the mean Q̂ of its state, Q̂ = 0 where the half lacks the
        state: whatever Q̂ is, the estimate with V̂ = Σ π Q̂ is unbiased. For the same reason an
        endless half is discounted.

        Args:
            summary: of the half; None: it has no episode.
            whole: the model of all episodes.
            target: π on its pairs.
            gamma: 0..1 a step.
            tools: what solves linear systems.
        """
        value, action_value = np.zeros(len(whole.state)), np.zeros(len(whole.pair))
        if summary is None or not len(summary.states.key):
            return cls(value, action_value)
        half = CountedModel.of(_closed(summary))
        place, here = (
            np.searchsorted(whole.pair, half.pair),
            np.searchsorted(whole.state, half.state),
        )
        weight, of = target.weight[place], half.expected.pair_state
        total = np.bincount(of, weight, len(here))
        present = 1 - target.missing[here]
        scale = np.divide(present, total, out=np.zeros(len(here)), where=total > 0)
        scaled = weight * scale[of]
        missing = np.where(total > 0, target.missing[here], 1.0)
        chain = chain_of(half.expected, scaled, missing)
        if gamma == 1 and len(never_ending(chain)):
            gamma = SURROGATE
        v = tools.system(chain, gamma, chain.reward[:, None], False)[:, 0]
        state_of = whole.expected.pair_state
        mean = np.zeros(len(whole.state))
        mean[here] = np.divide(v[:-1], present, out=np.zeros(len(here)), where=present > 0)
        action_value = mean[state_of]
        action_value[place] = half.expected.action_value(v, gamma)
        value = weighted_counts(state_of.astype(np.int64), target.weight * action_value, len(value))
        return cls(value, action_value)


SURROGATE = 0.99
"""The discount factor of Q̂ where a half of the episodes never ends."""


def _closed(summary: TransitionSummary) -> TransitionSummary:
    """Return a summary in which states that no step of it leaves are the end."""
    key, following, count = summary.transitions.total
    lost = (key != START) & ~np.isin(following, summary.states.key)
    moves = key, np.where(lost, END, following), count
    one_by_one = TransitionCounts((moves, tuple(column[:0] for column in moves)))  # type: ignore[arg-type]
    return replace(summary, transitions=one_by_one)
