"""Steps and a critic: return the advantages of every step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Unpack

from rlcalc.api.arguments import paths_or_none, require_numbers
from rlcalc.api.keywords import Reading, takes
from rlcalc.api.models import load_model, solve
from rlcalc.api.tokens import load_tokens
from rlcalc.api.trajectories import estimate, load
from rlcalc.errors import UsageError

if TYPE_CHECKING:
    from rlcalc.numerics.arrays import Floats
    from rlcalc.result import Result
    from rlcalc.trajectories import Experience, Trajectories


@takes(Reading)
def advantage(
    source: Any,
    *,
    method: str = "gae",
    lambda_: float | None = None,
    gamma: float | None = None,
    value: Any = None,
    policy: Any = None,
    clip_rho: float = 1.0,
    clip_c: float = 1.0,
    unknown_end: Literal["cut", "terminated"] | None = None,
    whiten: Literal["none", "ddof1", "ddof0"] | None = None,
    rows: Literal["steps", "summary", "lambda"] = "steps",
    model: Any = None,
    tool: str | None = None,
    trainer: str | None = None,
    audit: bool = False,
    **reading: Unpack[Reading],
) -> Result:
    """Return the advantage of every step: `rlcalc.estimators.advantages.report.advantage`.

    Args:
        source: and `**reading`, as in `load`; arrays [T, N] of a PPO buffer in an npz file or a
            mapping; or rollouts with lists of values and rewards of their tokens, as in
            `load_tokens`.
        method: `gae`, `td`, `n-step:K`, `lambda`, `mc`, `vtrace`, `retrace` or `tree-backup`.
        lambda_: 0..1; default 0.95, and 1 for methods with ratios.
        gamma: 0..1 a step; default from the source, else 1.
        value: the critic: the name of a column; a file with `state` and `v`, as `estimate` and
            `solve` write it (`state`, `action` and `q` for methods that need Q); `exact:MODEL`, the
            values of `policy` in a model; `ce` or `mc`, as in `estimate`. Default the column value.
        policy: a file with π, or {state: action or {action: probability}}; default exp(log_prob).
        clip_rho: largest π/b of V-trace.
        clip_c: largest π/b in a trace.
        unknown_end: how to treat ends after which the value is not known.
        whiten: give advantages the mean 0 and the deviation 1; default none, or as the program.
        rows: `steps`; `summary`, a row a quantity; or `lambda`: bias and spread of GAE(λ) in a
            model, `rlcalc.policy_gradient.lambda_bias.lambda_rows`.
        model: the model behind the data, for `rows="lambda"`; default that of `exact:MODEL`.
        tool: what a masked token does: one of `rlcalc.estimators.programs.TOOLS`; default carry, or
            as the program.
        trainer: compute as this program does: one of `rlcalc.estimators.programs.PROGRAMS`.
        audit: instead find the convention, γ and λ that give the source's own advantages, and
            return the steps that do not fit, or that differ from the right advantage.
        **reading: as in `load`.

    Raises:
        InputError: V of what follows a step is needed and is not known, or the data are wrong.
        UsageError: an option that does not fit the source.
    """
    from rlcalc.estimators.advantages import critic
    from rlcalc.estimators.advantages.report import advantage as advantage_of
    from rlcalc.estimators.advantages.request import AdvantageRequest
    from rlcalc.estimators.programs import PROGRAMS, answer
    from rlcalc.readers.models.policies import read_policy_of_log
    from rlcalc.tokens import Tokens
    from rlcalc.trajectories import Experience

    require_numbers(gamma=gamma, lambda_=lambda_, clip_rho=clip_rho, clip_c=clip_c)
    keywords: dict[str, Any] = {**reading}
    if rows == "lambda":
        return _advantage_by_lambda(source, model, value, policy, gamma, **keywords)
    _refuse_model(model)
    request = AdvantageRequest.parse(
        method,
        lambda_,
        clip_rho=clip_rho,
        clip_c=clip_c,
        unknown_end=unknown_end,
        whiten=whiten or "none",
        rows=rows,
    )
    how = answer.ProgramRequest.of(request, gamma, lambda_, trainer, tool, whiten, audit=audit)
    name = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    model = name.removeprefix("exact:") if name and name.startswith("exact:") else None
    estimated = name in ("ce", "mc")
    from_file = not estimated and name is not None and model is None and os.path.isfile(name)
    by_state = from_file or bool(model) or estimated or policy is not None
    needed = ("state", "action", "reward") if by_state else ("reward",)
    if not (from_file or model or estimated):
        needed = (*needed, "value")
        if name is not None:
            keywords = {**keywords, "columns": {**(keywords.get("columns") or {}), "value": name}}
    source = _critic_source(source, trainer, tool, keywords)
    _refuse_several_buffers(source, audit)
    if isinstance(source, Tokens):
        return how.answer(source)
    before = trainer is not None and PROGRAMS[trainer].done == "before"
    done = "before" if before else "terminated" if unknown_end is None else "unsaid"
    keywords = {"identify": True, "done": done, **keywords}
    unread = () if "value" in needed else ("value", "next_value", "action_value")
    experience = load(source, needed=needed, unread=unread, **keywords)
    entries = policy
    if policy is not None and not isinstance(policy, Mapping):
        entries = read_policy_of_log(os.fspath(policy))
    chances = None if policy is None else critic.policy_of_log(entries)
    if estimated or how.is_convention:
        batch = experience.whole()
        experience.batches = iter([batch])
    of = Experience.of(batch, experience.gamma) if estimated else experience
    by_name = name if from_file or estimated else None
    known = _critic_values(by_name, model, of, gamma, policy)
    values = known and critic.Critic(*known, chances, of_actions=request.needs_action_values)

    def prepare(piece: Trajectories) -> tuple[Trajectories, Floats | None]:
        if values is not None:
            piece = values.of_steps(piece)
        return piece, None if chances is None else critic.chance_of_steps(piece, chances)

    if how.is_convention:
        return how.answer(prepare(batch)[0], experience.gamma, experience.notes)
    return advantage_of(experience, request, gamma, prepare)


def _critic_values(
    name: str | None, model: str | None, experience: Experience, gamma: float | None, policy: Any
) -> tuple[Any, Any] | None:
    """Return V by state and Q by state and action: of a model, an estimate or a file."""
    from rlcalc.estimators.advantages import critic
    from rlcalc.readers.value_tables import read_values

    if model:
        solved = solve(model, policy=_policy_or_own(policy, model), gamma=gamma)
        return critic.values_of_rows(solved.rows())
    if name in ("ce", "mc"):
        return critic.values_of_rows(estimate(experience, gamma=gamma, of="v", method=name).rows())
    if name is not None:
        return critic.values_of_rows(read_values(name), name)
    return None


def _refuse_model(model: Any) -> None:
    if model is not None:
        raise UsageError("--model applies to --rows lambda", fix="add --rows lambda")


def _advantage_by_lambda(
    source: Any,
    model: Any,
    value: Any,
    policy: Any,
    gamma: float | None,
    **reading: Any,
) -> Result:
    """Return bias and spread of GAE(λ) in the model behind some data."""
    from rlcalc.labels import text_of_label
    from rlcalc.policies.named import policy_by_name
    from rlcalc.policy_gradient.lambda_bias import lambda_rows
    from rlcalc.readers.value_tables import read_values

    exact = isinstance(value, str) and value.startswith("exact:")
    if model is None and not exact:
        raise UsageError(
            "--rows lambda compares with the exact values of a model",
            fix="name it: --model MODEL, or --value exact:MODEL",
        )
    mdp = load_model(value.removeprefix("exact:") if model is None else model)
    name = None if value is None else os.fspath(value)
    critic: Any = "exact" if exact else "log"
    if name in ("ce", "mc"):
        rows = estimate(source, gamma=gamma, of="v", method=name, **reading).rows()
        critic = {text_of_label(row["state"]): row["v"] for row in rows}
    elif name is not None and not exact and os.path.isfile(name):
        critic = {text_of_label(row["state"]): row["v"] for row in read_values(name)}
    elif name is not None and not exact:
        reading = {**reading, "columns": {**(reading.get("columns") or {}), "value": name}}
    unread = () if critic == "log" else ("value", "next_value")
    experience = load(source, **{"unread": unread, **reading})
    discount = next((g for g in (gamma, mdp.gamma) if g is not None), 1.0)
    return lambda_rows(experience, mdp, policy_by_name(policy, mdp, discount), gamma, critic)


def _refuse_several_buffers(source: Any, audit: bool) -> None:
    from rlcalc.trajectories import Experience

    if audit and isinstance(source, Experience) and source.facts.get("buffers", 1) > 1:
        raise UsageError("an audit is of one buffer", fix="audit each npz file by itself")


def _policy_or_own(policy: Any, model: Any) -> Any:
    """Return the policy whose exact values are a critic: by default the model's, else uniform."""
    if policy is not None:
        return policy
    return "uniform" if load_model(model).policy is None else "spec"


def _critic_source(
    source: Any, trainer: str | None, tool: str | None, reading: Mapping[str, Any]
) -> Any:
    """Return the tokens of a source, the experience of a buffer, or the source as it is.

    Args:
        source: as in `advantage`.
        trainer: the program that wrote it, which tells what dones mean.
        tool: what masked tokens do; standard input has tokens where it is set.
        reading: the arguments of `load`.
    """
    from rlcalc.estimators.programs import TOKEN_PROGRAMS, program_of
    from rlcalc.readers import critic_sources
    from rlcalc.readers.in_memory import holds_matrices
    from rlcalc.readers.size_limit import parse_size
    from rlcalc.tokens import Tokens, joined
    from rlcalc.trajectories import Experience, Trajectories

    if isinstance(source, Tokens | Experience | Trajectories):
        return source
    paths = paths_or_none(source)
    size = parse_size(reading.get("max_size"))
    if paths is not None:
        kind = critic_sources.kind_of(paths, size)
        if "-" in paths and (tool is not None or trainer in TOKEN_PROGRAMS):
            kind = "tokens"
    elif holds_matrices(source):
        kind = critic_sources.kind_of_names(source)
    else:
        kind = critic_sources.kind_of_frame(source)
    columns = dict(reading.get("columns") or {})
    if kind == "tokens":
        batches = load_tokens(
            source if paths is None else paths,
            where=reading.get("where") or (),
            max_size=reading.get("max_size"),
            columns=columns,
            needs=(),
        )
        return joined(list(batches))
    if kind == "buffer":
        program = program_of(trainer)
        return critic_sources.buffer_of(
            source if paths is None else paths,
            program.done if trainer else None,
            columns,
            size,
            batch_first=program.batch_first,
        )
    return source
