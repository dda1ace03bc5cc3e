"""What trainers compute, as plain loops over one group after the other: a second route.

Each loop is written from the formula of the trainer, with its epsilon and what it does with groups
of one and rewards that are missing. Nothing here is shared with the code that it is held against.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

NAN = float("nan")


@dataclass
class Batch:
    """One training step: rewards by group, missing ones None, with lengths."""

    groups: list[list[float | None]]
    lengths: list[list[int]]
    parts: list[list[list[float | None]]] = field(default_factory=list)  # [function][group][i]

    def flat(self) -> list[float | None]:
        return [reward for group in self.groups for reward in group]


Answer = list[list[float]]


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float], ddof: int) -> float:
    m = mean(values)
    if len(set(values)) == 1:
        return 0.0
    return math.sqrt(math.fsum((v - m) ** 2 for v in values) / (len(values) - ddof))


def centred(values: Sequence[float]) -> list[float]:
    m = mean(values)
    return [0.0] * len(values) if len(set(values)) == 1 else [v - m for v in values]


def by_group(one_group: Callable[[list[float]], list[float]]) -> Callable[[Batch], Answer]:
    """Apply a formula to the scored rewards of each group; what is missing gets none."""

    def run(batch: Batch) -> Answer:
        answer = []
        for group in batch.groups:
            scored = [r for r in group if r is not None]
            found = iter(one_group(scored) if scored else [])
            answer.append([NAN if r is None else next(found) for r in group])
        return answer

    return run


def normalised(epsilon: float, ddof: int, single: str) -> Callable[[list[float]], list[float]]:
    def run(r: list[float]) -> list[float]:
        if len(r) == 1:
            return {"raw": [r[0] / (1 + epsilon)], "zero": [0.0], "none": [NAN]}[single]
        return [c / (deviation(r, ddof) + epsilon) for c in centred(r)]

    return run


def only_centred(single: str) -> Callable[[list[float]], list[float]]:
    def run(r: list[float]) -> list[float]:
        if len(r) == 1:
            return {"raw": r, "zero": [0.0], "none": [NAN]}[single]
        return centred(r)

    return run


def against_the_others(single: str) -> Callable[[list[float]], list[float]]:
    def run(r: list[float]) -> list[float]:
        if len(r) == 1:
            return {"raw": r, "zero": [0.0], "none": [NAN]}[single]
        return [r[i] - mean(r[:i] + r[i + 1 :]) for i in range(len(r))]

    return run


def others_normalised(r: list[float]) -> list[float]:
    """ms-swift's RLOO over the deviation of the group."""
    if len(r) == 1 or len(set(r)) == 1:
        return [0.0] * len(r)
    return [a / (deviation(r, 1) + 1e-4) for a in against_the_others("zero")(r)]


def leave_one_out(r: list[float]) -> list[float]:
    """NeMo-RL: mean and deviation of the others, and no division where they are all equal."""
    if len(r) == 1:
        return [0.0]
    answer = []
    for i in range(len(r)):
        others = r[:i] + r[i + 1 :]
        left = r[i] - mean(others) if len(set(r)) > 1 else 0.0
        sigma = deviation(others, 1) if len(others) > 1 else 0.0
        answer.append(left / (sigma + 1e-6) if sigma > 0 else left)
    return answer


def best_of_k(r: list[float]) -> list[float]:
    """verl's grpo_passk: only the best gets anything, its lead over the second."""
    if len(r) == 1:
        return [NAN]
    first, second = sorted(r, reverse=True)[:2]
    answer = [0.0] * len(r)
    answer[r.index(first)] = (first - second) / (deviation(r, 1) + 1e-6)
    return answer


def over_mean(epsilon: float, single: str) -> Callable[[list[float]], list[float]]:
    def run(r: list[float]) -> list[float]:
        if len(r) == 1:
            return r if single == "raw" else [0.0]
        m = mean(r)
        if epsilon == 0 and m <= 0:
            return [0.0] * len(r)
        return [c / (m + epsilon) for c in centred(r)]

    return run


def raw(batch: Batch) -> Answer:
    return [[NAN if r is None else r for r in group] for group in batch.groups]


def filled(run: Callable[[Batch], Answer]) -> Callable[[Batch], Answer]:
    """ms-swift: what every function left out counts as 0."""

    def with_zeros(batch: Batch) -> Answer:
        groups = [[0.0 if r is None else r for r in group] for group in batch.groups]
        return run(Batch(groups, batch.lengths, batch.parts))  # type: ignore[arg-type]

    return with_zeros


def zeroed(run: Callable[[Batch], Answer]) -> Callable[[Batch], Answer]:
    """TRL: what is no number becomes 0."""
    return lambda batch: [[0.0 if math.isnan(a) else a for a in group] for group in run(batch)]


def whitened(
    run: Callable[[Batch], Answer],
    *,
    tokens: bool,
    ddof: int,
    spread: Callable[[float], float],
    centre: bool = True,
) -> Callable[[Batch], Answer]:
    """Bring a batch to mean 0 and variance 1, written out token by token."""

    def run_all(batch: Batch) -> Answer:
        answer = run(batch)
        values = []
        for group, lengths in zip(answer, batch.lengths, strict=True):
            for a, length in zip(group, lengths, strict=True):
                if not math.isnan(a):
                    values += [a] * (length if tokens else 1)
        if not values:
            return answer
        m = mean(values)
        free = len(values) - ddof
        squares = math.fsum((v - m) ** 2 for v in values) if len(set(values)) > 1 else 0.0
        by = spread(squares / free if free > 0 else 0.0)
        shift = m if centre else 0.0
        return [
            [a if math.isnan(a) else (0.0 if a == shift else (a - shift) / by) for a in group]
            for group in answer
        ]

    return run_all


def root(variance: float) -> float:
    return math.sqrt(variance + 1e-8)


def floored(variance: float) -> float:
    return math.sqrt(max(variance, 1e-8))


def added(epsilon: float) -> Callable[[float], float]:
    return lambda variance: math.sqrt(variance) + epsilon


def length_weighted(batch: Batch) -> Answer:
    """verl's opo: the baseline is 0 for a group of one."""
    answer = []
    for group, lengths in zip(batch.groups, batch.lengths, strict=True):
        scored = [(r, n) for r, n in zip(group, lengths, strict=True) if r is not None]
        if len(scored) == 1:
            base = 0.0
        elif scored:
            base = math.fsum(r * n for r, n in scored) / sum(n for _, n in scored)
        answer.append([NAN if r is None else r - base for r in group])
    return answer


def gpg(batch: Batch) -> Answer:
    scored = [r for r in batch.flat() if r is not None]
    alpha = len(scored) / max(1, sum(r != 0 for r in scored))
    centre = by_group(only_centred("raw"))(batch)
    return [[alpha * a for a in group] for group in centre]


def batch_scaled(batch: Batch) -> Answer:
    """TRL with scale_rewards="batch": the deviation of all raw rewards."""
    scored = [r for r in batch.flat() if r is not None]
    sigma = deviation(scored, 1) if len(scored) > 1 else 0.0
    centre = by_group(only_centred("zero"))(batch)
    return [[a / (sigma + 1e-4) for a in group] for group in centre]


def decoupled(
    z: Callable[[list[float]], list[float]],
) -> Callable[[Batch], Answer]:
    """GDPO's sum of normalised rewards, before the batch is whitened."""

    def run(batch: Batch) -> Answer:
        total = [[0.0 if r is not None else NAN for r in group] for group in batch.groups]
        for part in batch.parts:
            found = by_group(z)(Batch(part, batch.lengths))
            for g, group in enumerate(found):
                for i, a in enumerate(group):
                    total[g][i] += 0.0 if math.isnan(a) else a
        return total

    return run


def tokens_of_verl(run: Callable[[Batch], Answer]) -> Callable[[Batch], Answer]:
    return whitened(run, tokens=True, ddof=1, spread=root)


def tokens_of_openrlhf(run: Callable[[Batch], Answer]) -> Callable[[Batch], Answer]:
    return whitened(run, tokens=True, ddof=0, spread=floored)


def rows(epsilon: float, ddof: int, run: Callable[[Batch], Answer], centre: bool = True):  # type: ignore[no-untyped-def]
    return whitened(run, tokens=False, ddof=ddof, spread=added(epsilon), centre=centre)


CENTRE = {single: by_group(only_centred(single)) for single in ("raw", "zero", "none")}
OTHERS = {single: by_group(against_the_others(single)) for single in ("raw", "zero", "none")}

LOOPS: dict[str, dict[str, Callable[[Batch], Answer]]] = {
    "trl": {
        "grpo": zeroed(by_group(normalised(1e-4, 1, "zero"))),
        "dr-grpo": zeroed(CENTRE["zero"]),
        "rloo": zeroed(OTHERS["zero"]),
        "gdpo": zeroed(rows(1e-4, 1, decoupled(normalised(1e-4, 1, "zero")))),
        "rloo-whitened": zeroed(rows(1e-4, 1, OTHERS["zero"])),
    },
    "verl": {
        "grpo": by_group(normalised(1e-6, 1, "raw")),
        "dr-grpo": CENTRE["raw"],
        "rloo": OTHERS["raw"],
        "reinforce++": tokens_of_verl(raw),
        "reinforce++-baseline": tokens_of_verl(CENTRE["raw"]),
        "opo": length_weighted,
        "gpg": gpg,
        "pass-k": by_group(best_of_k),
        "gdpo": tokens_of_verl(decoupled(normalised(1e-6, 1, "raw"))),
    },
    "openrlhf": {
        "grpo": by_group(normalised(1e-9, 1, "none")),
        "dr-grpo": CENTRE["zero"],
        "rloo": OTHERS["none"],
        "reinforce++": tokens_of_openrlhf(raw),
        "reinforce++-baseline": tokens_of_openrlhf(CENTRE["zero"]),
        "batch": lambda batch: _less_mean(batch),
    },
    "skyrl": {
        "grpo": by_group(normalised(1e-6, 1, "raw")),
        "dr-grpo": CENTRE["raw"],
        "rloo": OTHERS["zero"],
        "reinforce++": tokens_of_verl(raw),
        "maxrl": by_group(over_mean(1e-6, "raw")),
    },
    "ms-swift": {
        "grpo": filled(by_group(normalised(1e-4, 1, "zero"))),
        "dr-grpo": filled(CENTRE["zero"]),
        "rloo": filled(OTHERS["zero"]),
        "gdpo": filled(rows(1e-8, 1, decoupled(normalised(1e-8, 1, "zero")))),
        "rloo-scaled": filled(by_group(others_normalised)),
        "reinforce++-baseline": filled(rows(1e-4, 1, CENTRE["zero"], centre=False)),
    },
    "rllm": {
        "grpo": by_group(normalised(1e-6, 0, "raw")),
        "dr-grpo": CENTRE["raw"],
        "rloo": OTHERS["raw"],
        "reinforce": raw,
        "batch": rows(1e-6, 0, raw),
        "reinforce++-baseline": rows(1e-6, 0, CENTRE["zero"], centre=False),
    },
    "art": {"grpo": by_group(normalised(1e-6, 0, "zero")), "dr-grpo": CENTRE["zero"]},
    "open-instruct": {
        "dr-grpo": CENTRE["zero"],
        "grpo": by_group(normalised(1e-8, 0, "zero")),
    },
    "slime": {"grpo": by_group(normalised(1e-6, 1, "none")), "dr-grpo": CENTRE["zero"]},
    "nemo-rl": {
        "grpo": by_group(leave_one_out),
        "dr-grpo": CENTRE["zero"],
        "rloo": OTHERS["zero"],
        "reinforce++-baseline": tokens_of_openrlhf(CENTRE["zero"]),
        "gdpo": rows(0.0, 1, decoupled(leave_one_out)),
    },
    "areal": {
        "batch": rows(1e-5, 1, raw),
        "grpo": by_group(normalised(1e-5, 1, "zero")),
        "dr-grpo": CENTRE["zero"],
    },
    "prime-rl": {"dr-grpo": CENTRE["zero"], "maxrl": by_group(over_mean(0.0, "zero"))},
    "tinker": {"dr-grpo": CENTRE["zero"]},
}


def _less_mean(batch: Batch) -> Answer:
    """OpenRLHF's flash_reinforce: the mean of the batch, and nothing else."""
    scored = [r for r in batch.flat() if r is not None]
    m = mean(scored) if scored else 0.0
    same = len(set(scored)) == 1
    return [[NAN if r is None else 0.0 if same else r - m for r in g] for g in batch.groups]
