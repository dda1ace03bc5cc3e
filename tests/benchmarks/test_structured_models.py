"""`rlcalc solve` on structured models, small and large, beside its own methods and its peers.

CPU seconds, for machines are shared; nothing is asserted about them. Wanted: at most 1.3 times the
best of the own methods, and 1.5 times the best peer.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rlcalc
from rlcalc.mdp import MDP
from rlcalc.solvers.methods import METHODS
from rlcalc.solvers.request import SolveRequest
from rlcalc.solvers.solve import solve
from tests.benchmarks import peers
from tests.benchmarks.models import TABLE

MOST_SECONDS = 20.0
"""What one of the own methods may take to be compared."""


def answer(mdp: MDP, request: SolveRequest) -> float:
    """Return the bound of an answer, with its report."""
    bound = solve(mdp, request).facts["bound"]
    assert isinstance(bound, float)
    return bound


def print_comparison(
    name: str, mdp: MDP, request: SolveRequest, others: dict[str, Callable[[], Any]], runs: int
) -> None:
    """Print the CPU seconds of `auto`, of the best own method and of the peers, with ratios."""
    bound = answer(mdp, request)
    times = peers.medians({"auto": partial(answer, mdp, request), **others}, runs)
    ours = times.pop("auto")
    own = {}
    for method in METHODS:
        forced = SolveRequest(**{**vars(request), "method": method})
        limit = max(2.0, min(MOST_SECONDS, 3 * ours))
        if (taken := peers.cpu_in_child(partial(answer, mdp, forced), limit)) is not None:
            own[method] = taken
    best = min(own, key=own.__getitem__, default="none")
    print(f"\n{name}: {ours:.4f} s, bound {bound:.1e}", end="")
    if own:
        print(f"; {ours / own[best]:.2f} times {best}, {own[best]:.4f} s (wanted 1.3)", end="")
    for peer, taken in times.items():
        print(f"; {ours / taken:.2f} times {peer}, {taken:.4f} s (wanted 1.5)", end="")
    print()

    assert bound <= peers.TOLERANCE


def available(others: dict[str, Callable[[], Callable[[], Any]]]) -> dict[str, Callable[[], Any]]:
    """The peers that are installed and take the question."""
    several = {}
    for name, prepare in others.items():
        try:
            several[name] = prepare()
        except pytest.skip.Exception:
            print(f"\n{name} is not installed")
    return several


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_solving_beside_own_methods_and_peers(name: str) -> None:
    case = TABLE[name]
    mdp = case.make()
    asked = f'R{{"r"}}max=? [Cdiscount={case.gamma}]'
    others: dict[str, Callable[[], Callable[[], Any]]] = {}
    if case.gamma < 1:
        others["QuantEcon"] = lambda: peers.quantecon(mdp, case.gamma)
    else:
        asked = 'R{"r"}min=? [F "end"]'
    others["Storm"] = lambda: peers.storm(mdp, asked, sound=False)
    request = SolveRequest(gamma=case.gamma)
    print_comparison(name, mdp, request, available(others), case.runs)


ZEROCONF = """
mdp
const int N; const int K; const int B = 4;
const double loss = 0.1;
const double taken = N / 32;
module host
  state : [0..4] init 0; // 0 chooses, 1 probes a taken address, 2 a free one, 3 and 4 use them
  sent : [0..K];
  [choose] state=0 -> taken : (state'=1) & (sent'=0) + 1-taken : (state'=2) & (sent'=0);
  [probe] (state=1 | state=2) & sent<K -> (sent'=sent+1);
  [use] state=1 & sent=K -> (state'=3);
  [use] state=2 & sent=K -> (state'=4);
  [defended] state=1 -> (state'=0);
endmodule
module network
  outward : [0..B];
  back : [0..B];
  [choose] true -> (outward'=0) & (back'=0);
  [probe] true -> (outward'=min(B, outward+1));
  [deliver] state=1 & outward>0 ->
    1-loss : (outward'=outward-1) & (back'=min(B, back+1)) + loss : (outward'=outward-1);
  [deliver] state=2 & outward>0 -> (outward'=outward-1);
  [defended] back>0 -> (back'=0) & (outward'=0);
  [lose] back>0 & state=1 -> loss : (back'=back-1) + 1-loss : (back'=back);
endmodule
label "clash" = state=3;
"""
"""A host chooses an address, probes it K times and uses it unless a reply comes in time."""

REACH = {
    "consensus, K = 2": ("mdp/coin2.nm", "K=2", "all_coins_equal_1"),
    "brp, 16-3": ("dtmc/brp.pm", "N=16,MAX=3", "target"),
    "zeroconf, 20-8": (ZEROCONF, "N=20,K=8", "clash"),
}
"""A program (one of Storm's examples, or its text), its constants, and a label to reach."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in REACH for kind in ("Pmax", "Pmin") if not name.startswith("brp")]
    + [("brp, 16-3", "P")],
)
def test_reaching_beside_storm(name: str, kind: str, tmp_path: Path) -> None:
    stormpy = pytest.importorskip("stormpy")
    program, constants, label = REACH[name]
    path = Path(stormpy.__file__).parent / "examples" / "files" / program[:100]
    if "\n" in program:
        path = tmp_path / "program.nm"
        path.write_text(program)
    built, file = peers.build_with_storm(path, constants, tmp_path)
    mdp = rlcalc.load_model(file)
    goal = mdp.state_sets[label].tolist()
    asked = peers.ask_storm(built, f'{kind}=? [F "{label}"]', sound=True)
    request = SolveRequest(reach=goal, minimise=kind == "Pmin")
    theirs = np.array(asked().get_value_vector())[mdp.expected.pair_state]

    np.testing.assert_allclose(solve(mdp, request)["v"], theirs, atol=2 * peers.TOLERANCE)
    print_comparison(f"{name} {kind}, {mdp.n_states} states", mdp, request, {"Storm": asked}, 9)
