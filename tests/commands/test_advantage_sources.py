"""rlcalc advantage: buffers, lists of tokens, the conventions of programs, and the audit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import rlcalc as library
from rlcalc.errors import InputError, UsageError
from tests.conftest import Shell
from tests.estimators.programs import peers
from tests.estimators.programs.sources import buffer, tokens


def test_a_buffer_comes_back_in_its_own_order(tmp_path: Path, rlcalc: Shell) -> None:
    """CleanRL: dones before step t, next_done after the last; reshape gives [T, N] again."""
    arrays = buffer(11, least=8)
    ended = arrays["terminated"] | arrays["truncated"]
    dones = np.concatenate([np.zeros((1, ended.shape[1]), bool), ended]).astype(float)
    np.savez(
        tmp_path / "b.npz",
        obs=np.zeros((*ended.shape, 4)),
        rewards=arrays["rewards"],
        values=arrays["values"],
        dones=dones[:-1],
        next_done=dones[-1],
        next_value=arrays["last_values"][None, :],
    )
    theirs = peers.gae_of_buffer(
        arrays["rewards"],
        arrays["values"],
        ended.astype(float),
        arrays["last_values"],
        0.99,
        0.95,
    )
    for more in ((), ("--as", "cleanrl")):
        done = rlcalc("advantage", str(tmp_path / "b.npz"), "-g", "0.99", *more, "--json")
        rows = json.loads(done.stdout)["rows"]
        ours = np.array([row["advantage"] for row in rows]).reshape(ended.shape)

        np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_what_dones_mean_is_asked(tmp_path: Path, rlcalc: Shell) -> None:
    table = np.ones((3, 2))
    np.savez(tmp_path / "b.npz", rewards=table, values=table, dones=table, last_values=table[0])
    done = rlcalc("advantage", str(tmp_path / "b.npz"))

    assert done.returncode == 3
    assert "--as cleanrl (before), --as tianshou (after)" in done.stderr
    for fix in (("--as", "tianshou"), ("--columns", "terminated=dones")):
        assert rlcalc("advantage", str(tmp_path / "b.npz"), *fix).returncode == 0


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "json", "npz"])
@pytest.mark.parametrize("as_", ["verl", "openrlhf", "slime", "areal"])
def test_lists_of_tokens_in_every_format(tmp_path: Path, suffix: str, as_: str) -> None:
    flat, padded = tokens(5)
    assert flat.value is not None
    assert flat.reward is not None
    path = str(tmp_path / f"tokens.{suffix}")
    if suffix == "npz":
        inside = padded["inside"]
        np.savez(
            path,
            values=padded["value"],
            token_level_rewards=padded["reward"],
            response_mask=padded["mask"],
        )
    else:
        rows: list[dict[str, Any]] = [
            {
                "prompt": "p",
                "values": flat.value[a:b].tolist(),
                "token_level_rewards": flat.reward[a:b].tolist(),
                "response_mask": flat.mask[a:b].astype(int).tolist(),
            }
            for a, b in zip(flat.start[:-1], flat.start[1:], strict=True)
        ]
        if suffix == "parquet":
            pl.DataFrame(rows).write_parquet(path)
        elif suffix == "json":
            Path(path).write_text(json.dumps(rows))
        else:
            Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    ours = library.advantage(path, gamma=0.97, lambda_=0.9, trainer=as_, whiten="none")
    rule = {"verl": "carry", "openrlhf": "zero", "slime": "plain"}.get(as_)
    mask, reward, value = padded["mask"], padded["reward"], padded["value"]
    if rule is None:
        theirs, _ = peers.areal(reward, value, mask, padded["size"], 0.97, 0.9)
    else:
        theirs, _ = peers.token_gae(reward, value, mask, 0.97, 0.9, rule)
    expected = theirs.reshape(-1) if suffix == "npz" else theirs[padded["inside"]]

    np.testing.assert_allclose(ours["advantage"], expected, atol=1e-9)
    assert suffix != "npz" or inside.any()


def test_an_audit_exits_with_4_where_advantages_are_wrong(tmp_path: Path, rlcalc: Shell) -> None:
    arrays = buffer(11, least=20)
    for as_, code in (("tianshou", 0), ("cleanrl", 4)):
        answer = library.advantage(arrays, gamma=0.99, lambda_=0.9, trainer=as_)
        logged = answer["advantage"].reshape(arrays["rewards"].shape)
        np.savez(tmp_path / "b.npz", advantages=logged, **arrays)
        done = rlcalc("advantage", str(tmp_path / "b.npz"), "--audit", "--json")
        facts = json.loads(done.stdout)["facts"]

        assert done.returncode == code
        assert (facts["gamma"], facts["lambda"]) == (0.99, 0.9)
        assert facts["fit"] == facts["compared"] == arrays["rewards"].size


def test_a_pickle_is_refused(tmp_path: Path, rlcalc: Shell) -> None:
    np.savez(tmp_path / "a.npz", rewards=np.array([{}], dtype=object), values=np.ones(1))
    done = rlcalc("advantage", str(tmp_path / "a.npz"))

    assert done.returncode == 3
    assert "unpickling" in done.stderr


def test_several_buffers_are_those_after_each_other(tmp_path: Path, rlcalc: Shell) -> None:
    paths = [str(tmp_path / f"{name}.npz") for name in "ab"]
    for seed, path in enumerate(paths):
        np.savez(path, **buffer(seed, least=3))
    each = [library.advantage(path, gamma=0.9)["advantage"] for path in paths]
    both = library.advantage(str(tmp_path / "*.npz"), gamma=0.9)

    assert both["advantage"].tolist() == np.concatenate(each).tolist()
    assert both["trajectory"][0] == "a, env 0, episode 0"
    assert both["trajectory"][-1].startswith("b, env ")
    done = rlcalc("advantage", *paths, "--audit")
    assert done.returncode == 2
    assert "audit each npz file" in done.stderr


def test_returns_tell_advantages_for_an_audit(tmp_path: Path) -> None:
    arrays = buffer(5, least=8)
    own = library.advantage(arrays, gamma=0.97, lambda_=0.9)
    returns = own["target"].reshape(arrays["rewards"].shape)
    facts = library.advantage(arrays | {"returns": returns}, audit=True).facts
    assert (facts["gamma"], facts["lambda"], facts["differ"]) == (0.97, 0.9, 0)


@pytest.mark.parametrize(
    "option", [{"whiten": "ddof1"}, {"unknown_end": "cut"}, {"rows": "summary"}]
)
def test_an_audit_refuses_what_it_does_not_use(option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="changes nothing in an audit"):
        library.advantage(buffer(5), audit=True, **option)


def test_buffers_with_two_discount_factors_are_refused(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{name}.npz") for name in "ab"]
    for gamma, path in zip((0.9, 0.8), paths, strict=True):
        np.savez(path, gamma=gamma, **buffer(1))
    with pytest.raises(InputError, match=r"gamma is 0\.8, and 0\.9 in"):
        library.advantage(paths)
    assert library.advantage(paths, gamma=0.9).facts["gamma"] == 0.9


def test_bootstrapped_targets_are_counted_alike_as_a_program(tmp_path: Path) -> None:
    arrays = buffer(3, least=5)
    np.savez(tmp_path / "a.npz", **arrays)
    own, sb3 = (
        library.advantage(str(tmp_path / "a.npz"), gamma=0.9, trainer=name).facts
        for name in (None, "tianshou")
    )
    assert own["bootstrapped"] > 0
    for fact in ("bootstrapped", "bootstrap_weight"):
        assert sb3[fact] == pytest.approx(own[fact])


def three_environments(seed: int) -> tuple[pl.DataFrame, Any]:
    """Eight steps of three environments, one truncated step, and CleanRL's advantages of them."""
    rng = np.random.default_rng(seed)
    reward, value = rng.normal(size=(8, 3)), rng.normal(size=(8, 3))
    last = rng.normal(size=3)
    following = np.concatenate([value[1:], last[None, :]])
    following[2, 0] = rng.normal()
    ended = np.zeros((8, 3))
    ended[2, 0] = 1
    theirs = peers.gae_of_buffer(reward, value, ended, last, 0.99, 0.95)
    columns = {
        "env": np.tile(np.arange(3), 8),
        "t": np.repeat(np.arange(8), 3),
        "reward": reward.reshape(-1),
        "value": value.reshape(-1),
        "next_value": following.reshape(-1),
        "terminated": np.zeros(24, bool),
        "truncated": ended.reshape(-1).astype(bool),
        "advantage": theirs.reshape(-1).astype(np.float32),
    }
    return pl.DataFrame(columns), theirs.reshape(-1)


@pytest.mark.parametrize("seed", range(5))
def test_the_end_of_the_data_is_not_a_truncation(seed: int) -> None:
    """CleanRL bootstraps at the end of its buffer, which no flag marks, but not at a time limit."""
    frame, theirs = three_environments(seed)
    ours = library.advantage(frame, gamma=0.99, trainer="cleanrl")

    np.testing.assert_allclose(ours["advantage"], theirs, atol=1e-9)
    audit = library.advantage(frame, audit=True)

    assert audit.facts["as"] == "cleanrl"
    assert audit.facts["fit"] == 24
    assert audit.facts["differ"] == len(audit) == 3


def test_check_reads_a_buffer(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **buffer(1))
    result = library.check(str(tmp_path / "a.npz"))

    assert result.facts["steps"] == buffer(1)["rewards"].size
    assert result.facts["faults"] == 0
    np.savez(tmp_path / "a.npz", rewards=np.ones((2, 2)), values=np.ones((2, 2)), dones=np.eye(2))

    assert "dones[t] may mean" in library.check(str(tmp_path / "a.npz"))["what"][0]


def test_methods_of_tokens_are_gae_with_some_lambda() -> None:
    flat, _ = tokens(6)
    for method, lambda_ in (("td", 0.0), ("mc", 1.0)):
        named = library.advantage(flat, method=method, gamma=0.9)

        assert named.facts["method"] == method
        np.testing.assert_array_equal(
            named["advantage"], library.advantage(flat, lambda_=lambda_, gamma=0.9)["advantage"]
        )
    with pytest.raises(library.UsageError, match="n-step"):
        library.advantage(flat, method="n-step:3")


@pytest.mark.parametrize("method", ["td", "n-step:2", "lambda", "mc"])
def test_methods_of_a_buffer_are_those_of_a_table(method: str) -> None:
    """The same steps as a table, with a trajectory a column and V of what follows."""
    arrays = buffer(9, least=5)
    of_buffer = library.advantage(arrays, method=method, gamma=0.9)
    table = of_buffer.to_polars()
    last = table.group_by("trajectory", maintain_order=True).agg(pl.col("t").max().alias("last"))
    ends = table.join(last, on="trajectory", maintain_order="left")
    shape = arrays["rewards"].shape
    cut = arrays["truncated"] & ~arrays["terminated"]
    after = np.where(cut, arrays["final_values"], arrays["last_values"][None, :])
    frame = pl.DataFrame(
        {
            "trajectory": table["trajectory"],
            "t": table["t"],
            "reward": table["reward"],
            "value": table["value"],
            "next_value": np.where(ends["t"] == ends["last"], after.reshape(-1), np.nan),
            "terminated": arrays["terminated"].reshape(-1),
            "truncated": arrays["truncated"].reshape(-1),
        }
    )
    of_table = library.advantage(frame, method=method, gamma=0.9)

    assert shape[0] * shape[1] == len(of_table)
    np.testing.assert_allclose(of_buffer["advantage"], of_table["advantage"], atol=1e-12)


TABLE = {"env": [0, 1, 0, 1, 0, 1], "t": [0, 0, 1, 1, 2, 2], "reward": [1.0, 2, 3, 4, 5, 6]}
CRITIC = {"value": [0.5] * 6, "next_value": [0.5] * 6}


@pytest.mark.parametrize(
    ("flags", "as_"),
    [
        ({"done": [0, 0, 1, 0, 0, 0]}, "cleanrl"),
        ({"episode_starts": [1, 1, 1, 0, 0, 0]}, "sb3"),
        ({"done": [1, 0, 0, 0, 0, 0]}, "tianshou"),
        ({"done": [1, 0, 0, 0, 0, 0]}, None),
    ],
)
def test_a_done_of_a_table_ends_as_the_program_means_it(
    flags: dict[str, list[int]], as_: str | None
) -> None:
    """With γ = λ = 1, A is the sum of the rewards to the end, V after the data, and −V."""
    frame = pl.DataFrame({**TABLE, **CRITIC, **flags})
    result = library.advantage(frame, gamma=1.0, lambda_=1.0, trainer=as_)
    np.testing.assert_allclose(result["advantage"], [0.5, 12, 8, 10, 5, 6])


def test_a_done_with_a_critic_of_states_is_followed_by_nothing(tmp_path: Path) -> None:
    critic = tmp_path / "critic.csv"
    critic.write_text("state,v\na,1\nb,5\n")
    frame = pl.DataFrame(
        {"state": ["a"], "action": ["x"], "reward": [2.0], "next_state": ["b"], "done": [True]}
    )
    assert library.advantage(frame, value=str(critic))["target"].tolist() == [2]


def test_dones_beside_terminated_tell_of_truncations() -> None:
    """torchrl keeps done = terminated or truncated, and arrays [N, T, 1]."""
    terminated = np.array([[0, 1, 0], [0, 0, 0]], bool)
    done = np.array([[0, 1, 0], [1, 0, 1]], bool)
    arrays = {
        "reward": np.array([[1.0, 2, 3], [4, 5, 6]]),
        "state_value": np.zeros((2, 3)),
        "next_state_value": np.full((2, 3), 10.0),
        "terminated": terminated,
        "done": done,
    }
    expected = [[13.0, 2, 13], [14, 31, 16]]
    as_rows = {name: array[:, :, None] for name, array in arrays.items()}
    result = library.advantage(as_rows, gamma=1.0, lambda_=1.0, trainer="torchrl")
    np.testing.assert_allclose(result["advantage"], np.ravel(expected))
    turned = {name: array.T for name, array in arrays.items()}
    result = library.advantage(turned, gamma=1.0, lambda_=1.0)
    np.testing.assert_allclose(result["advantage"], np.ravel(np.transpose(expected)))


def test_episode_starts_may_have_a_row_more() -> None:
    arrays = {
        "rewards": np.ones((2, 1)),
        "values": np.zeros((2, 1)),
        "last_values": np.array([10.0]),
        "episode_starts": np.array([[1], [0], [1]]),
    }
    result = library.advantage(arrays, gamma=1.0, lambda_=1.0, trainer="sb3")
    np.testing.assert_allclose(result["advantage"], [2.0, 1.0])
