"""Bias against spread: what GAE(λ) with a critic is off by on average in a model, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from rlcalc.errors import InputError, listed, shown
from rlcalc.graph.reachability import reachable
from rlcalc.mdp import MDP
from rlcalc.numerics.arrays import Floats, Ints, weighted_counts
from rlcalc.policy import Policy
from rlcalc.policy_gradient.logged_episodes import with_model_codes
from rlcalc.policy_gradient.target_policy import TargetPolicy
from rlcalc.result import Column, Result
from rlcalc.simulation.exact_value import ExactValue
from rlcalc.solvers.methods.linear import solve_system
from rlcalc.trajectories import Experience, Trajectories

if TYPE_CHECKING:
    from rlcalc.charts import Chart

LAMBDAS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
"""The trace decays of the table."""


@dataclass(frozen=True)
class CriticInModel:
    """A model, a policy and a critic; how often the policy's steps are in each pair."""

    mdp: MDP
    policy: Floats  # [K] π(a|s)
    gamma: float
    value: Floats  # [S] V̂(s), the critic; 0 in terminal states
    exact: Floats  # [S] V(s) of the policy
    visits: Floats  # [K] the weight of each pair in the means of the table; sums to 1

    def unknown_states(self) -> Ints:
        """Return the states that the policy reaches from those of the log, but without a value."""
        model = self.mdp.expected
        met = np.zeros(model.n_states, dtype=bool)
        met[model.pair_state[self.visits > 0]] = True
        reached = reachable(model.induced_by(self.policy), met)
        return np.flatnonzero(reached & np.isnan(self.value))

    def moments(self, lambda_: float) -> tuple[Floats, Floats]:
        """Return the mean and the second moment of A^λ after each pair.

            A^λ_t = Σ_k (γλ)^k δ_{t+k}        δ_t = r_t + γ V̂(s_{t+1}) − V̂(s_t)
            E[A^λ|s,a]  = E δ + γλ Σ_s' P u(s')                 u = δ_π + γλ P_π u
            E[A^λ²|s,a] = E[δ² + 2γλ δ u(s')] + (γλ)² Σ_s' P w(s')    w likewise, with (γλ)²

        Returns:
            [K], [K].
        """
        model, mdp, decay = self.mdp.expected, self.mdp, self.gamma * lambda_
        here = np.repeat(model.pair_state, np.diff(model.outcome_start))
        td_error = mdp.reward + self.gamma * self.value[mdp.next_state] - self.value[here]
        chain = model.induced_by(self.policy)
        inner = ~model.terminal

        def after(outcome: Floats, discount: float) -> tuple[Floats, Floats]:
            """Return [K] what outcomes and all that follows sum to, and [S] by state."""
            mean = np.add.reduceat(mdp.probability * outcome, model.outcome_start[:-1])
            rewards = model.mean(mean, self.policy)[inner]
            by_state = solve_system(chain, discount, rewards[:, None])[:, 0]
            ahead = mdp.probability * by_state[mdp.next_state]
            return mean + discount * np.add.reduceat(ahead, model.outcome_start[:-1]), by_state

        mean, u = after(td_error, decay)
        squares = td_error**2 + 2 * decay * td_error * u[mdp.next_state]
        return mean, after(squares, decay**2)[0]

    def table(self, lambdas: Sequence[float] = LAMBDAS) -> dict[str, Column]:
        """Return the columns `lambda, bias, shift, tilt, sd, rmse, target_bias`.

            b(s,a) = E[A^λ|s,a] − A(s,a) = shift(s) + tilt(s,a)        shift(s) = Σ_a π(a|s) b(s,a)

        The shift is the same for all actions of a state, so it moves no policy gradient; the tilt
        does. `target_bias` is that of A^λ + V̂(s) as a target for V(s). Each is the root of the
        mean square over the pairs that the policy meets, in reward units; `sd` is the root of the
        mean variance of A^λ given (s,a), and rmse² = bias² + sd².

        Args:
            lambdas: trace decays, 0..1.

        Source: Schulman et al. (2016), section 3, for GAE; Sobel (1982) for second moments.
        """
        model = self.mdp.expected
        state = model.pair_state
        advantage = model.action_value(self.exact, self.gamma) - self.exact[state]
        rows: list[tuple[float, ...]] = []
        for lambda_ in lambdas:
            mean, squares = self.moments(lambda_)
            bias = mean - advantage
            shift = model.mean(bias, self.policy)
            off = shift + self.value - self.exact
            variance = np.maximum(squares - mean**2, 0.0)
            parts = (bias**2, shift[state] ** 2, (bias - shift[state]) ** 2, variance)
            both = bias**2 + variance
            means = [self.visits @ part for part in (*parts, both, off[state] ** 2)]
            rows.append((lambda_, *np.sqrt(means).tolist()))
        names = ("lambda", "bias", "shift", "tilt", "sd", "rmse", "target_bias")
        symbols = ("λ", "bias", "shift", "tilt", "sd", "rmse", "target bias")
        values = np.array(rows).T
        return {
            name: Column(column, "key" if name == "lambda" else "value", symbol)
            for name, column, symbol in zip(names, values, symbols, strict=True)
        }


def lambda_rows(
    experience: Experience,
    mdp: MDP,
    policy: Policy,
    gamma: float | None = None,
    value: Literal["log", "exact"] | Mapping[str, float] = "log",
    lambdas: Sequence[float] = LAMBDAS,
) -> Result:
    """Return a row for each λ: how far GAE(λ) of a log is off in the model, and how far it spreads.

    The log gives how often each pair is met. `CriticInModel.table` explains the columns.

    Args:
        experience: trajectories of the model.
        mdp: the model.
        policy: the policy that is judged.
        gamma: 0..1 a step; default that of the log, else of the model, else 1.
        value: the critic: the mean of the log's `value` by state, the exact V of the model, or V by
            the name of a state.
        lambdas: trace decays, 0..1.

    Raises:
        InputError: the log is not of this model, the policy has no values in it, or the critic has
            none of a state to which the policy leads.
    """
    visits, logged = logged_critic(
        TargetPolicy(mdp, policy.weight, 1.0), with_model_codes(experience, mdp)
    )
    discounts = (gamma, experience.gamma, mdp.gamma, 1.0)
    discount = next(one for one in discounts if one is not None)
    exact = ExactValue(mdp, policy, discount, None).state_value
    if exact is None:
        raise InputError(
            f"the values of the policy {shown(policy.name)} in the model do not exist",
            fix="use --gamma 0.99, or another --policy",
        )
    if value == "exact":
        logged = exact
    elif value != "log":
        given = [value.get(text, np.nan) for text in mdp.states.texts]
        logged = np.where(mdp.expected.terminal, 0.0, given)
    critic = CriticInModel(mdp, policy.weight, discount, logged, exact, visits)
    unknown = critic.unknown_states()
    if len(unknown):
        raise InputError(
            f"the critic has no value of {len(unknown):,} states to which the policy leads",
            listed(mdp.states.named(unknown[:9]), total=len(unknown)),
            "give the values of all states: a table with the columns state and v, or exact",
        )
    title = "GAE(λ) in the model: bias against spread"
    columns = replace(critic, value=np.nan_to_num(logged)).table(lambdas)

    def charts() -> list[Chart]:
        from rlcalc.policy_gradient.charts import lambda_charts

        return lambda_charts(columns, title)

    return Result(
        command="advantage",
        title=title,
        columns=columns,
        facts={"world": mdp.name, "policy": policy.name, "gamma": discount},
        notes=[
            *experience.notes,
            "shift is the same for all actions of a state and moves no policy gradient; tilt does",
        ],
        charts=charts,
    )


def logged_critic(target: TargetPolicy, pieces: Iterable[Trajectories]) -> tuple[Floats, Floats]:
    """Return how often a log is in each pair, and its mean value of each state.

    Args:
        target: the policy and its model.
        pieces: trajectories with the codes of the model.

    Returns:
        [K] shares of the steps; [S] means of `value`, NaN where there is none, 0 where it ends.

    Raises:
        InputError: a step has an action that its state lacks in the model.
    """
    mdp = target.mdp
    visits, total, count = np.zeros(mdp.n_pairs), np.zeros(mdp.n_states), np.zeros(mdp.n_states)
    for piece in pieces:
        visits += np.bincount(target.pairs(piece), minlength=mdp.n_pairs)
        if piece.value is not None:
            known = np.isfinite(piece.value)
            state = piece.state[known].astype(np.int64)
            total += weighted_counts(state, piece.value[known], mdp.n_states)
            count += np.bincount(state, minlength=mdp.n_states)
    with np.errstate(invalid="ignore"):
        value = np.where(mdp.expected.terminal, 0.0, total / count)
    return visits / visits.sum(), value
