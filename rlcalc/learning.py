"""The policy gradient of a model: the exact one, its estimates beside it, and the climb."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from rlcalc import playing
from rlcalc.engines.threads import run
from rlcalc.errors import InputError, UsageError, shown
from rlcalc.estimators import monte_carlo
from rlcalc.estimators.policy_gradient import (
    BASELINES,
    FORMS,
    WITH_BASELINE,
    Estimate,
    Plan,
    Summary,
    estimates,
    summary_of,
)
from rlcalc.mdp import MDP
from rlcalc.playing import Play, Watch, Wish
from rlcalc.policy import Policy
from rlcalc.readers.logits import load_logits
from rlcalc.result import Column, Fact, Result
from rlcalc.solvers.policy_gradient import Exact, exact, expected_without_discount_weight
from rlcalc.streams import LARGEST_SEED
from rlcalc.trajectories import Codes, Experience, Floats, Labels, Trajectories


@dataclass(frozen=True)
class Question:
    """What is asked of a policy's gradient."""

    form: str = "all"  # or one of FORMS
    baseline: str = "none"  # of the forms trajectory and gain
    critic: str = "exact"  # or estimated, from other episodes
    discount_weight: bool = True  # with the factor γ^t
    rows: str = "gradient"  # or variance: a row a form

    def __post_init__(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: a word that means nothing, or a baseline for nothing.
        """
        for name, given, known in (
            ("form", self.form, ("all", *FORMS)),
            ("baseline", self.baseline, BASELINES),
            ("critic", self.critic, ("exact", "estimated")),
            ("rows", self.rows, ("gradient", "variance")),
        ):
            if given not in known:
                raise UsageError(f"{name} is {shown(given)}", fix=f"one of {', '.join(known)}")
        if self.baseline != "none" and self.form not in ("all", *WITH_BASELINE):
            raise UsageError(
                f"the form {self.form} has no baseline: what it uses is no gain",
                fix=f"baselines are for {' and '.join(WITH_BASELINE)}",
            )
        if not self.discount_weight and self.form == "trajectory":
            raise UsageError(
                "the form trajectory has no factor γ^t to leave out", fix="take another form"
            )
        if self.critic == "estimated" and self.form in WITH_BASELINE and self.baseline != "value":
            raise UsageError(
                f"the form {self.form} asks no critic", fix="leave out --critic estimated"
            )


@dataclass(frozen=True)
class Slope:
    """A policy of a model, its exact gradient, and the episodes that estimate it."""

    play: Play

    @property
    def mdp(self) -> MDP:
        """The model."""
        assert isinstance(self.play.world, MDP)
        return self.play.world

    @property
    def start(self) -> Floats:
        """[S] the distribution of the first state."""
        assert self.mdp.start is not None
        return self.mdp.start

    @cached_property
    def exact(self) -> Exact:
        """The exact gradient."""
        return exact(self.mdp, self.play.policy.weight, self.start, self.play.gamma)

    def under(self, policy: Policy, seed: int) -> Slope:
        """Return the same for another policy, with episodes of their own."""
        wish = replace(self.play.wish, policy=policy, seed=seed, start=None)
        return Slope(playing.prepare(self.mdp, wish))

    def plan(self, question: Question, critic: tuple[Floats, Floats]) -> Plan:
        """Return what is to be estimated.

        Args:
            question: what is asked.
            critic: V and Q.
        """
        forms = FORMS if question.form == "all" else (question.form,)
        return Plan(
            mdp=self.mdp,
            weight=self.play.policy.weight,
            gamma=self.play.gamma,
            value=critic[0],
            action_value=critic[1],
            forms=forms,  # type: ignore[arg-type]
            baseline=question.baseline,  # type: ignore[arg-type]
            discount_weight=question.discount_weight,
        )

    def critic(self, question: Question) -> tuple[Floats, Floats]:
        """Return V and Q: exact, or the first-visit means of as many other episodes."""
        if question.critic == "exact":
            return self.exact.value, self.exact.action_value
        other = self.under(self.play.policy, _later(self.play.seed, 1)).play
        answer = monte_carlo.estimate(
            other.experience(), self.play.gamma, engine=partial(run, jobs=self.play.wish.jobs)
        )
        mdp = self.mdp
        value, action_value = np.zeros(mdp.n_states), np.zeros(mdp.n_pairs)
        rows = (answer[name].tolist() for name in ("state", "action", "v", "q"))
        for state, action, v, q in zip(*rows, strict=True):
            s, a = mdp.states.code(str(state)), mdp.actions.code(str(action))
            pairs = slice(int(mdp.pair_start[s]), int(mdp.pair_start[s + 1]))
            value[s] = v
            action_value[pairs][mdp.action[pairs] == a] = q
        return value, action_value

    def estimated(
        self, question: Question, batches: Iterable[Trajectories]
    ) -> tuple[Summary, list[Estimate]]:
        """Return what episodes say about the gradient."""
        plan = self.plan(question, self.critic(question))
        summary = summary_of(batches, plan, partial(run, jobs=self.play.wish.jobs))
        return summary, estimates(summary, plan)


def slope(mdp: MDP, wish: Wish, logits: str | None = None, *, plays: bool = True) -> Slope:
    """Return a policy of a model, ready to be differentiated.

    Args:
        mdp: the model.
        wish: the policy, and how it is played.
        logits: a file with θ(s,a), for π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b), or `zero`.
        plays: whether there will be episodes, which must end.

    Raises:
        InputError: the policy is not the model's, or episodes never end.
        UsageError: a policy and logits.
    """
    if logits is not None:
        if wish.policy is not None:
            raise UsageError("--policy and --logits both say what is done", fix="leave one out")
        zero = np.zeros(mdp.n_pairs)
        theta = zero if logits == "zero" else load_logits(logits, mdp)
        weight = Policy.softmax(mdp.expected, theta, 1.0).weight
        wish = replace(wish, policy=Policy(weight, "zero logits" if logits == "zero" else "logits"))
    if not plays:
        wish = replace(wish, max_steps=1)
    return Slope(playing.prepare(mdp, wish))


def gradient(
    at: Slope,
    question: Question,
    experience: Experience | None = None,
    watch: Watch = lambda items, done: items,
) -> Result:
    """Return estimates of the policy gradient, with the exact one beside them.

        ∇J(θ) = E[Σ_t ∇ log π(a_t|s_t) Ψ_t],   ∂J/∂θ(s,a) = d_γ(s) π(a|s) A(s,a)

    Args:
        at: the policy, and the model.
        question: which forms, and how.
        experience: episodes to use instead of playing.
        watch: sees batches go by, and how many episodes each holds.

    Raises:
        InputError: gamma is 1 and nothing ends, or episodes are none of the model's.
    """
    if experience is None:
        batches = iter(watch(at.play.trajectories(), len))
    elif question.critic == "estimated":
        raise UsageError("--critic estimated plays episodes, --from-data does not", fix="drop one")
    else:
        batches = _recoded(experience, at.mdp)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite shows as no answer
        summary, found = at.estimated(question, batches)
        facts = _facts(at, question, summary, found)
        if experience is not None:
            facts |= {"seed": None, "max_steps": None, "weighted_episodes": summary.n_weighted}
        table = _by_form(at, found) if question.rows == "variance" else _by_parameter(at, found)
    return Result(
        command="gradient",
        title=f"Policy gradient: {at.mdp.name}" if at.mdp.name else "Policy gradient",
        columns=table,
        facts=facts,
        notes=[*(experience.notes if experience else ()), *_notes(at, question, summary)],
    )


def _notes(at: Slope, question: Question, summary: Summary) -> Iterator[str]:
    if summary.n_truncated:
        yield (
            f"{summary.n_truncated:,} episodes were cut: their estimates miss what follows, the "
            "exact gradient does not"
        )
    if question.critic == "estimated":
        yield "errors do not hold that of the estimated critic"


def _by_parameter(at: Slope, found: list[Estimate]) -> dict[str, Column]:
    states = at.mdp.states.named(at.mdp.expected.pair_state)
    actions = at.mdp.actions.named(at.mdp.action)
    wanted, n = at.exact.gradient, len(found)
    estimate = np.concatenate([one.gradient for one in found])
    off = estimate - np.tile(wanted, n)
    error = np.concatenate([one.error for one in found])
    silent = (error == 0) & (np.abs(off) > _noise(wanted))  # never met: nothing is known
    error = np.where(silent, np.nan, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, off / error, np.where(silent | np.isnan(error), np.nan, 0.0))
    return {
        "form": Column(np.repeat([one.form for one in found], len(wanted)).astype(object), "key"),
        "state": Column(np.tile(states, n), "key"),
        "action": Column(np.tile(actions, n), "key"),
        "gradient": Column(estimate, symbol="∂J/∂θ"),
        "se": Column(error, "error"),
        "exact": Column(np.tile(wanted, n)),
        "z": Column(z),
    }


def _noise(wanted: Floats) -> float:
    return 1e-9 * float(np.abs(wanted).max(initial=0.0))


def _by_form(at: Slope, found: list[Estimate]) -> dict[str, Column]:
    wanted = at.exact.gradient
    total = [float(one.variance.sum()) for one in found]
    first = total[0] if found[0].form == "trajectory" else np.nan
    return {
        "form": Column([one.form for one in found], "key"),
        "variance": Column(np.array(total)),
        "ratio": Column(np.array([part / first if first else np.nan for part in total])),
        "norm": Column(np.array([_norm(one.gradient) for one in found]), symbol="|∇J|"),
        "cosine": Column(np.array([cosine(one.gradient, wanted) for one in found])),
        "distance": Column(np.array([_norm(one.gradient - wanted) for one in found])),
        "expected_distance": Column(
            np.array([np.sqrt(part / one.n) for part, one in zip(total, found, strict=True)])
        ),
        "surrogate": Column(np.array([one.surrogate for one in found]), symbol="Ĵ"),
        "surrogate_se": Column(np.array([one.surrogate_error for one in found]), "error"),
    }


def _norm(gradient: Floats) -> float:
    return float(np.linalg.norm(gradient))


def cosine(one: Floats, two: Floats) -> float:
    """Return the cosine of the angle between two gradients; NaN if one is 0."""
    size = _norm(one) * _norm(two)
    return float(one @ two) / size if size else float("nan")


def _facts(
    at: Slope, question: Question, summary: Summary, found: list[Estimate]
) -> dict[str, Fact]:
    wanted, play = at.exact, at.play
    mean, variance = (float(part[0]) for part in summary.gain.less(0.0))
    rows = {name: column.values for name, column in _by_form(at, found).items()}
    facts: dict[str, Fact] = {
        "method": "policy gradient theorem",
        **play.facts(),
        "episodes": summary.gain.n,
        "steps": summary.n_steps,
        "truncated": summary.n_truncated,
        "baseline": question.baseline,
        "critic": question.critic,
        "discount_weight": question.discount_weight,
        "objective": wanted.objective,
        "objective_estimated": mean,
        "objective_se": float(np.sqrt(variance / summary.gain.n)),
        "gradient_norm": _norm(wanted.gradient),
        "surrogate_exact": float(wanted.surrogate @ wanted.action_value),
    }
    for name in ("surrogate", "variance", "ratio", "norm", "cosine"):
        if name != "ratio" or question.form == "all":
            facts[name] = dict(zip(rows["form"], map(float, rows[name]), strict=True))
    if not question.discount_weight:
        facts |= _bias(at)
    return facts | {"statement": _statement(at, found[-1], biased=not question.discount_weight)}


def _bias(at: Slope) -> dict[str, Fact]:
    """Return how far what is estimated without γ^t is from the gradient."""
    wanted = at.exact
    advantage = wanted.action_value - wanted.value[at.mdp.expected.pair_state]
    try:
        without = expected_without_discount_weight(
            at.mdp, at.play.policy.weight, at.start, advantage
        )
    except InputError:
        return {"bias": None}
    return {
        "bias": _norm(without - wanted.gradient),
        "cosine_without_weight": cosine(without, wanted.gradient),
    }


def _statement(at: Slope, one: Estimate, *, biased: bool) -> str:
    away = _norm(one.gradient - at.exact.gradient)
    usual = float(np.sqrt(one.variance.sum() / one.n))
    why = ", biased without the factor γ^t" if biased and one.form != "trajectory" else ""
    return (
        f"({one.form}) the surrogate Ĵ = {one.surrogate:.4g} is not J = {at.exact.objective:.4g}; "
        f"its gradient{why} is {away:.2g} away from ∇J, of which errors are some {usual:.2g}"
    )


def _recoded(experience: Experience, mdp: MDP) -> Iterator[Trajectories]:
    """Yield trajectories with the model's numbers of states and actions.

    Raises:
        InputError: a state or an action is none of the model's.
    """
    for piece in experience.pieces():
        if not piece.complete():
            raise InputError("a step lacks its state, action or reward", fix="leave it out")
        yield replace(
            piece,
            state=_known("state", piece.states, mdp.states)[piece.state],
            action=_known("action", piece.actions, mdp.actions)[piece.action],
            states=mdp.states,
            actions=mdp.actions,
            last_state=None,
        )


def _known(what: str, seen: Labels, known: Labels) -> Codes:
    """Return the model's number of each label.

    Raises:
        InputError: one is none of the model's; ends of episodes count too.
    """
    strange = next((text for text in seen.texts if text not in known), None)
    if strange is not None:
        raise InputError(
            f"the model has no {what} {shown(strange)}", fix="give trajectories of this model"
        )
    return np.array([known.code(text) for text in seen.texts], dtype=np.int32)


@dataclass(frozen=True)
class Ascent:
    """How a policy is to climb."""

    steps: int
    learning_rate: float
    question: Question | None = None  # None: along the exact gradient, else along an estimate

    def __post_init__(self) -> None:
        """Refuse what is no climb.

        Raises:
            UsageError: a number out of range, or several forms at once.
        """
        if self.steps < 1 or not 0 < self.learning_rate < np.inf:
            raise UsageError("an ascent has at least one step, and a learning rate above 0")
        if self.question and self.question.form == "all":
            raise UsageError(
                "an ascent follows one estimate", fix=f"--form is one of {', '.join(FORMS)}"
            )


def ascend(at: Slope, ascent: Ascent) -> tuple[Result, Policy]:
    """Return the objective after each step of gradient ascent, and the policy at its end.

        θ ← θ + η ∇J(θ),   π(a|s) = exp θ(s,a) / Σ_b exp θ(s,b)

    Step k of an estimated ascent plays episodes of its own, with the seed + k.

    Args:
        at: where it begins.
        ascent: how far, how fast, and along what.

    Returns:
        Columns step, objective (always exact), gradient_norm (exact), and where the gradient is
        estimated `cosine`, of the estimate that leads on with the exact one.

    Raises:
        InputError: a gradient does not exist.
    """
    with np.errstate(divide="ignore"):
        logit = np.log(at.play.policy.weight)
    here, rows = at, []
    for step in range(ascent.steps + 1):
        along, alike = here.exact.gradient, 1.0
        if ascent.question and step < ascent.steps:
            _, (one,) = here.estimated(ascent.question, here.play.trajectories())
            along, alike = one.gradient, cosine(one.gradient, along)
        last = step == ascent.steps
        rows.append(
            (step, here.exact.objective, _norm(here.exact.gradient), np.nan if last else alike)
        )
        if last:
            break
        with np.errstate(over="ignore"):
            logit = logit + ascent.learning_rate * along
        if not (logit < np.inf).all():
            raise InputError(
                f"the logits grow beyond all numbers at step {step + 1}",
                fix="take a smaller learning rate",
            )
        policy = Policy(Policy.softmax(at.mdp.expected, logit, 1.0).weight, "ascended")
        here = here.under(policy, _later(at.play.seed, step + 1))
    number, objective, norm, alike_column = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "step": Column(number, "key"),
        "objective": Column(objective, symbol="J"),
        "gradient_norm": Column(norm, symbol="|∇J|"),
    }
    if ascent.question:
        columns["cosine"] = Column(alike_column)
    return Result(
        command="gradient",
        title=f"Gradient ascent: {at.mdp.name}" if at.mdp.name else "Gradient ascent",
        columns=columns,
        facts=_ascent_facts(at, ascent, float(objective[-1])),
    ), here.play.policy


def _ascent_facts(at: Slope, ascent: Ascent, reached: float) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "method": "exact gradient ascent" if ascent.question is None else "gradient ascent",
        **at.play.facts(),
        "learning_rate": ascent.learning_rate,
        "steps": ascent.steps,
        "objective": reached,
    }
    if ascent.question is None:
        return facts | {"seed": None, "max_steps": None}
    return facts | {
        "form": ascent.question.form,
        "baseline": ascent.question.baseline,
        "critic": ascent.question.critic,
        "discount_weight": ascent.question.discount_weight,
        "episodes_a_step": at.play.wish.episodes,
    }


def _later(seed: int, steps: int) -> int:
    return (seed + steps) % (LARGEST_SEED + 1)
