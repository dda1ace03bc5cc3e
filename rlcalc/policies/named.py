"""Named policies: the one place where the name of a policy becomes a `Policy`."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlcalc.errors import Fault, InputError, ShapeError, UsageError, nearest, shown
from rlcalc.mdp import MDP
from rlcalc.numerics.probabilities import SUM_TOLERANCE
from rlcalc.policies import decoding
from rlcalc.policy import Policy, PolicyRule

KINDS = ("optimal", "uniform", "spec", "epsilon", "softmax")
DEFAULT_PARAMETER = {"epsilon": "0.1", "softmax": "1.0"}
NAMES = (
    "a policy is optimal, uniform, spec, epsilon:0.1, softmax:1.0, or a file; after a comma "
    "temperature:0.7, top-k:5 and top-p:0.9 change it"
)


@dataclass(frozen=True)
class PolicyName:
    """The name of a policy, taken apart."""

    base: str  # as the user wrote it; "": the model's own policy
    kind: str  # one of `KINDS`, or "file"
    parameter: float = math.nan  # ε or τ
    decoders: tuple[tuple[str, float], ...] = ()  # which change it in turn


def parse(name: str) -> PolicyName:
    """Return the parts of a policy's name; what is not a known name is a file.

    >>> parse("softmax:2,top-p:0.9")
    PolicyName(base='softmax:2', kind='softmax', parameter=2.0, decoders=(('top-p', 0.9),))

    Raises:
        UsageError: a parameter is missing, out of its range, or one too many.
    """
    parts = name.split(",")
    decoders: list[tuple[str, float]] = []
    while parts and parts[-1].partition(":")[0].strip() in decoding.DECODERS:
        decoder, _, number = parts.pop().strip().partition(":")
        decoders.insert(0, (decoder, parameter_of(decoder, number)))
    base = ",".join(parts)
    kind, _, number = base.partition(":")
    if base == "greedy":
        base = kind = "optimal"
    if kind in DEFAULT_PARAMETER:
        return PolicyName(
            base, kind, parameter_of(kind, number or DEFAULT_PARAMETER[kind]), tuple(decoders)
        )
    if base in KINDS:
        return PolicyName(base, kind, decoders=tuple(decoders))
    if kind in (*KINDS, "greedy"):
        raise _unknown_policy(base)
    return PolicyName(base, "file", decoders=tuple(decoders))


EXPLORES = "epsilon:0.1 explores with probability 0.1, softmax:1.0 has temperature 1"
PARAMETER_FIX = {
    "epsilon": EXPLORES,
    "softmax": EXPLORES,
    "temperature": "give a number above 0: temperature:0.7",
    "top-p": "give a probability above 0: top-p:0.9",
    "top-k": "give a whole number from 1: top-k:5",
}


def parameter_of(kind: str, number: object) -> float:
    """Return the number of a part of a policy's name: ε, τ, p or k.

    Raises:
        UsageError: it is not in its range.
    """
    try:
        parameter = float(number)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        parameter = math.nan
    fits = {
        "epsilon": 0 <= parameter <= 1,
        "softmax": 0 < parameter < math.inf,
        "temperature": 0 < parameter < math.inf,
        "top-p": 0 < parameter <= 1,
        "top-k": 1 <= parameter < math.inf and parameter == math.floor(parameter),
    }
    if not fits[kind]:
        raise UsageError(f"there is no policy {kind}:{shown(number)}", fix=PARAMETER_FIX[kind])
    return parameter


def _unknown_policy(name: str) -> UsageError:
    near = nearest(name.partition(":")[0], (*KINDS, *decoding.DECODERS))
    meant = f"did you mean {near}? " if near else ""
    return UsageError(f"there is no policy {shown(name)}", fix=meant + NAMES)


def policy_for_solve(request: Any, mdp: MDP, gamma: float | None) -> Policy | PolicyRule | None:
    """Return the policy that `solve` evaluates, or its rule; None is the best policy.

    Args:
        request: a name, a file, a `Policy`, or {state: action or {action: probability}}.
        mdp: the model.
        gamma: the discount factor of a policy that decoders change; None: the model's, else 1.

    Raises:
        UsageError: there is no such policy, or its parameter is wrong.
        InputError: its file is not there, or it does not belong to the model.
    """
    if isinstance(request, Policy | Mapping):
        return _checked_policy(request, mdp)
    name = _parse_request(request)
    if not name.decoders:
        return _policy_or_rule(name, mdp)
    known = mdp.gamma if gamma is None else gamma
    return _policy_of_name(name, mdp, 1.0 if known is None else known)


def policy_by_name(request: Any, mdp: MDP, gamma: float) -> Policy:
    """Return a policy, solving the model where its best values are needed.

    Args:
        request: as in `policy_for_solve`; None is the model's own policy, or else the uniform one.
        mdp: the model.
        gamma: the discount factor of the best values.

    Raises:
        UsageError: there is no such policy, or its parameter is wrong.
        InputError: its file is not there, or it does not belong to the model.
    """
    if isinstance(request, Policy | Mapping):
        return _checked_policy(request, mdp)
    if request is None:
        request = "uniform" if mdp.policy is None else "spec"
    return _policy_of_name(_parse_request(request), mdp, gamma)


def _parse_request(request: Any) -> PolicyName:
    if not isinstance(request, str | os.PathLike):
        raise UsageError(f"a {type(request).__name__} is not a policy", fix=NAMES)
    return parse(os.fspath(request))


def _policy_of_name(name: PolicyName, mdp: MDP, gamma: float) -> Policy:
    """Return a named policy after its decoders."""
    from rlcalc.solvers import solve
    from rlcalc.solvers.request import SolveRequest

    if name.decoders and not name.base:
        own = parse("softmax:1.0" if mdp.policy is None else "spec")
        name = PolicyName(own.base, own.kind, own.parameter, name.decoders)
    policy = _policy_or_rule(name, mdp)
    if not isinstance(policy, Policy):
        result = solve.solve(mdp, SolveRequest(policy, gamma))
        policy = Policy(np.asarray(result["pi"]), name.base)
    return decoding.decoded_policy(mdp.expected, policy, name.decoders) if name.decoders else policy


def _policy_or_rule(name: PolicyName, mdp: MDP) -> Policy | PolicyRule | None:
    """Return a named policy without its decoders, or its rule; None is the best one."""
    if name.kind == "optimal":
        return None
    if name.kind == "uniform":
        return Policy.uniform(mdp.expected)
    if name.kind == "epsilon":
        return lambda model, q, tolerance: Policy.epsilon(model, q, name.parameter, tolerance)
    if name.kind == "softmax":
        return lambda model, q, tolerance: Policy.softmax(model, q, name.parameter)
    if name.kind == "file":
        return _policy_from_file(name.base, mdp)
    if mdp.policy is None:
        raise InputError("the model has no policy of its own", fix="use --policy uniform or a file")
    return Policy(mdp.policy, "spec")


def _policy_from_file(source: str, mdp: MDP) -> Policy:
    from rlcalc.readers.models.policies import load_policy
    from rlcalc.readers.read_request import ReadRequest
    from rlcalc.readers.shipped_specs import shipped_specs

    is_word = re.fullmatch(r"(\w[\w:-]*)?", source) or nearest(source, KINDS)
    if is_word and not os.path.exists(source) and source not in shipped_specs():
        raise _unknown_policy(source)
    return Policy(load_policy(source, mdp, ReadRequest()), os.path.basename(source))


def _checked_policy(request: Policy | Mapping[Any, Any], mdp: MDP) -> Policy:
    """Return a policy made by hand, after checking that it belongs to the model."""
    if isinstance(request, Mapping):
        from rlcalc.readers.models.policies import policy_of

        faults: list[Fault] = []
        weight = policy_of(request, mdp, lambda _: "the mapping of the policy", faults)
        if weight is None:
            raise InputError.of(faults)
        return Policy(weight, "mapping")
    if len(request.weight) != mdp.n_pairs:
        raise ShapeError(
            f"the policy {shown(request.name)} has {len(request.weight):,} weights, expected "
            f"{mdp.n_pairs:,}",
            fix="give one weight for each state-action pair",
        )
    total = mdp.expected.mean(request.weight, np.ones(mdp.n_pairs))[~mdp.expected.terminal]
    if not ((request.weight >= 0).all() and (np.abs(total - 1) <= SUM_TOLERANCE).all()):
        raise InputError(
            f"the weights of the policy {shown(request.name)} are not probabilities",
            fix="make the weights of each state sum to 1",
        )
    return request
