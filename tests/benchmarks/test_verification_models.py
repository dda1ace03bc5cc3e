"""Models of the verification community: every answer is within its bound of Storm's exact one.

Programs are those that come with stormpy, and those of a folder that the environment variable
RLCALC_PROGRAMS names, laid out as the Quantitative Verification Benchmark Set is: index.json beside
programs and properties. Storm builds each with fractions and writes it as DRN.
"""

import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.errors import NotConverged, RlcalcError
from rlcalc.mdp import MDP
from rlcalc.result import Result
from rlcalc.solvers.questions.submodel import submodel
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.solve import solve
from tests.benchmarks.test_structured_models import ZEROCONF

MOST_STATES, MOST_INSTANCES = 10_000, 3
"""What is compared in all states exactly, and how many instances of a family."""

LADDERS = """
mdp
const int N;
module ladders
  x : [-N..N] init 0;
  [] x=0 -> 0.7 : (x'=1) + 0.3 : (x'=-1);
  [] x>0 & x<N -> 0.5 : (x'=x+1) + 0.5 : (x'=0);
  [] x<0 & x>-N -> 0.5 : (x'=x-1) + 0.5 : (x'=0);
endmodule
label "top" = x=N;
label "end" = x=N | x=-N;
rewards "steps" true : 1; endrewards
"""
"""Two ladders of N rungs, from which one falls: some 2^N steps (Haddad & Monmege, 2018)."""

HERMAN = """
dtmc
module process1
  x1 : [0..1];
  [step] x1=x5 -> 0.5 : (x1'=0) + 0.5 : (x1'=1);
  [step] x1!=x5 -> (x1'=x5);
endmodule
module process2 = process1 [x1=x2, x5=x1] endmodule
module process3 = process1 [x1=x3, x5=x2] endmodule
module process4 = process1 [x1=x4, x5=x3] endmodule
module process5 = process1 [x1=x5, x5=x4] endmodule
formula tokens = (x1=x2?1:0) + (x2=x3?1:0) + (x3=x4?1:0) + (x4=x5?1:0) + (x5=x1?1:0);
label "stable" = tokens=1;
rewards "steps" true : 1; endrewards
"""
"""Herman's ring of five processes: equal neighbours are tokens, which one is to keep."""

PROGRAMS = {
    "ladders": [(LADDERS, "N=10"), (LADDERS, "N=40")],
    "herman, 5": [(HERMAN, "")],
    "zeroconf, own": [(ZEROCONF, "N=20,K=2"), (ZEROCONF, "N=20,K=8")],
    "brp": [("dtmc/brp.pm", "N=16,MAX=2"), ("dtmc/brp.pm", "N=16,MAX=5")],
    "coin": [("mdp/coin2.nm", "K=2"), ("mdp/coin2.nm", "K=8")],
    "crowds": [("dtmc/crowds-5-5.pm", "")],
    "csma": [("mdp/csma2-2.nm", "")],
    "dice": [("mdp/two_dice.nm", ""), ("dtmc/die.pm", "")],
    "firewire": [("mdp/firewire3-0.5.nm", "")],
    "leader": [("mdp/leader3.nm", ""), ("mdp/leader4.nm", ""), ("dtmc/leader-3-5.pm", "")],
    "maze": [("mdp/maze_2.nm", "")],
    "slipgrid": [("mdp/slipgrid.nm", "")],
    "tiny rewards": [("mdp/tiny_rewards.nm", "")],
}
"""A family → programs, as text or as a file of stormpy's examples, each with its constants."""


@dataclass(frozen=True)
class Instance:
    """A program with its constants and properties."""

    program: Path
    constants: str = ""
    properties: str = ""


def instances_in(folder: Path) -> list[Instance]:
    """The smallest instances of a family, from its index.json."""
    sys.set_int_max_str_digits(0)
    several = []
    for file in json.loads((folder / "index.json").read_text())["files"]:
        for entry in file.get("open-parameter-values") or []:
            sizes = [found["number"] for found in entry.get("states") or [] if found.get("number")]
            names = file.get("original-file") or []
            program = [name for name in names if name.endswith((".prism", ".pm", ".nm"))]
            if not sizes or min(sizes) > MOST_STATES or not program:
                continue
            values = {v["name"]: str(v["value"]).lower() for v in entry.get("values", [])}
            constants = ",".join(f"{name}={value}" for name, value in values.items())
            texts = [(folder / name) for name in names if name.endswith((".props", ".prctl"))]
            asked = "\n".join(text.read_text() for text in texts if text.exists())
            several.append((min(sizes), Instance(folder / program[0], constants, asked)))
    several.sort(key=lambda pair: pair[0])
    return [instance for _, instance in several[:MOST_INSTANCES] if instance.program.exists()]


FOLDER = os.environ.get("RLCALC_PROGRAMS")
FAMILIES = sorted(path.parent for path in Path(FOLDER).glob("**/index.json")) if FOLDER else []


class Comparison:
    """A program that Storm built with fractions, and the same as rlcalc reads it."""

    def __init__(self, built: Any, targets: list[str], folder: Path) -> None:
        from stormpy.core._io import export_to_drn

        self.built, self.targets = built, targets
        self.chain = "DTMC" in str(built.model_type)
        self.n_states = built.nr_states
        self.rewards = list(built.reward_models)
        self.file = folder / "model.drn"
        export_to_drn(built, str(self.file))

    def mdp(self, reward: str | None = None) -> MDP:
        """The model with one of its reward models; unnamed ones are known by their number."""
        if len(self.rewards) < 2:
            return rlcalc.load_model(self.file)
        number = self.rewards.index(reward) if reward is not None else 0
        name = self.rewards[number] or f"rew{number}"
        return rlcalc.load_model(self.file, columns={"reward": name})

    def exact(self, asked: str) -> list[Fraction | float]:
        """Storm's value of each state, as fractions; what is infinite is a float."""
        stormpy = pytest.importorskip("stormpy")
        formula = stormpy.parse_properties(asked)[0]
        values = stormpy.model_checking(self.built, formula).get_value_vector()
        return [math.inf if "inf" in (text := str(value)) else Fraction(text) for value in values]

    def questions(self) -> Iterator[tuple[str, MDP, SolveRequest]]:
        """Storm's formula, and the model and request that ask the same here."""
        mdp = self.mdp()
        signs = [""] if self.chain else ["max", "min"]
        for label, sign in product(self.targets, signs):
            goal = mdp.state_sets.get(label, np.zeros(0, dtype=np.int64))
            if not 0 < len(goal) < self.n_states:
                continue
            least = sign == "min"
            whole = SolveRequest(minimise=least)
            yield f'P{sign}=? [F "{label}"]', mdp, replace(whole, reach=goal.tolist())
            yield f'T{sign}=? [F "{label}"]', mdp, replace(whole, steps_to=goal.tolist())
            for name in self.rewards:
                rewarded = self.mdp(name)
                kept = ~np.isin(rewarded.expected.pair_state, goal)
                ending = submodel(rewarded, kept, rewarded.reward)
                asked = f'R{{"{name}"}}' if name else "R"
                yield (
                    f'{asked}{sign}=? [F "{label}"]',
                    ending,
                    replace(whole, proper=True, gamma=1.0),
                )


def answer_within_bound(formula: str, mdp: MDP, request: SolveRequest, exact: list[Any]) -> str:
    """Compare in all states; return what is wrong, or nothing."""
    try:
        result: Result = solve(mdp, request)
    except NotConverged as error:
        print(f"  {formula}: exit 4, bound {error.result.facts.get('bound')}")
        result = error.result
    except RlcalcError as error:
        if request.proper and "max" in formula and math.inf in exact:
            print(f"  {formula}: refused, where Storm's answer is infinite")
            return ""
        return f"{formula}: refused: {error}"
    bound, v = result.facts["bound"], result["v"]
    if not isinstance(bound, float | int) or not np.isfinite(bound):
        return ""
    live = np.flatnonzero(~mdp.expected.terminal)
    value = v[mdp.pair_start[live]]
    worst: Fraction | float = 0
    for s, ours in zip(live.tolist(), value.tolist(), strict=True):
        theirs = exact[s]
        if math.isinf(theirs) or math.isinf(ours):
            if math.isinf(theirs) != math.isinf(ours) and not ("max" in formula and request.proper):
                return f"{formula}: state {s}: {ours}, exact {theirs}"
            continue
        worst = max(worst, abs(Fraction(ours) - theirs))
    if worst > Fraction(bound):
        return f"{formula}: off by {float(worst):.3g}, bound {bound:.3g}"
    return ""


def comparisons(instance: Instance, folder: Path) -> Iterator[Comparison]:
    """The program with its labels as targets, and once more for each property that reaches states.

    Storm makes those states absorbing, so that each property has a model of its own.
    """
    stormpy = pytest.importorskip("stormpy")
    program = stormpy.parse_prism_program(str(instance.program))
    asked = []
    if instance.properties:
        asked = stormpy.parse_properties(instance.properties, program)
    if instance.constants:
        program, asked = stormpy.instantiate_constants(program, instance.constants, asked)
    built = stormpy.build_model[stormpy.Rational](program)
    labels = sorted(set(built.labeling.get_labels()) - {"init", "deadlock"})
    yield Comparison(built, labels, folder)
    for one in asked:
        path = getattr(one.get_raw_formula(), "subformula", None)
        if not isinstance(path, stormpy.logic.EventuallyFormula):
            continue
        built = stormpy.build_model[stormpy.Rational](program, [one])
        reached = stormpy.model_checking(built, path.subformula).get_truth_values_vector()
        built.labeling.add_label("target")
        for s in np.flatnonzero(reached).tolist():
            built.labeling.add_label_to_state("target", s)
        yield Comparison(built, ["target"], folder)


def check(instances: list[Instance], folder: Path) -> None:
    wrong, compared, n_states = [], 0, set()
    for instance in instances:
        for model in comparisons(instance, folder):
            n_states.add(model.n_states)
            if model.n_states > MOST_STATES:
                continue
            for formula, mdp, request in model.questions():
                try:
                    exact = model.exact(formula)
                except Exception as error:  # of Storm
                    print(f"  {formula}: Storm: {str(error)[:80]}")
                    continue
                compared += 1
                if fault := answer_within_bound(formula, mdp, request, exact):
                    wrong.append(f"{instance.program.name} {instance.constants} {fault}")
    print(f"\n{compared} questions compared in all states of models of {sorted(n_states)} states")

    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("family", PROGRAMS)
def test_every_state_is_within_the_bound(family: str, tmp_path: Path) -> None:
    stormpy = pytest.importorskip("stormpy")
    examples = Path(stormpy.__file__).parent / "examples" / "files"
    several = []
    for program, constants in PROGRAMS[family]:
        path = tmp_path / "program.prism" if "\n" in program else examples / program
        if "\n" in program:
            path.write_text(program)
        several.append(Instance(path, constants))
    check(several, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("folder", FAMILIES, ids=lambda path: path.name)
def test_every_state_of_a_family_is_within_the_bound(folder: Path, tmp_path: Path) -> None:
    several = instances_in(folder)
    if not several:
        pytest.skip(f"no instance of up to {MOST_STATES:,} states")
    check(several, tmp_path)
