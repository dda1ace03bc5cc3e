"""Rollouts that fifteen real programs wrote: what their README says is true of each is found.

The files stand beside the project, in RLCALC_SHARED or ../shared; the README is
data/trainers/README.md there.
"""

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cases.program import Answer, as_json, run

SHARED = Path(os.environ.get("RLCALC_SHARED", Path(__file__).parents[2].parent / "shared"))
TRAINERS = SHARED / "data" / "trainers"
WANDB = "wandb/offline-run-20261128"
INSPECT_JSON = "inspect/2026-11-28T04-33-47-00-00_match-json_AMTpVzKhK9xpGuwLJe4VWK.json"
LM_EVAL = "lm-eval/samples_{}_2026-11-28T04-36-17.034538.jsonl"

pytestmark = pytest.mark.skipif(not TRAINERS.is_dir(), reason=f"no real dumps in {TRAINERS}")


def exactly(value: float) -> Any:
    return pytest.approx(value, abs=1e-9)


def rounded(value: float) -> Any:
    """A number that the README gives with six decimals."""
    return pytest.approx(value, abs=1e-6)


def group(*arguments: str) -> Answer:
    return as_json("group", *arguments, inside=TRAINERS)


def summary(*arguments: str) -> Answer:
    return group(*arguments, "--rows", "summary")


def part(answer: Answer, names: Any) -> dict[str, Any]:
    return {name: answer.facts.get(name) for name in names}


def fails(reason: str, *values: Any) -> Any:
    return pytest.param(*values, marks=pytest.mark.xfail(strict=True, reason=reason))


TRL_PLAIN = {"rollouts": 24, "groups": 6, "steps": 3, "dead": 0, "reward_mean": rounded(0.945208)}
VERIFIERS_04 = {
    "rollouts": 20, "groups": 5, "dead": 0, "reward_mean": rounded(0.276365),
    "truncated_share": exactly(9 / 20),
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "right"),
    [
        ("trl/g_plain", {**TRL_PLAIN, "pass_at_1": exactly(2 / 3)}),
        ("trl/g_chat", {"rollouts": 24, "groups": 6, "dead": 1, "reward_mean": exactly(2 / 3)}),
        ("trl/g_eval", {"rollouts": 24, "groups": 10, "sizes": {"of 2": 8, "of 4": 2}}),
        ("trl/g_uniq", {"rollouts": 24, "groups": 6, "dead": 0, "steps": 3}),
        ("trl/g_w", {"rollouts": 24, "groups": 6, "dead": 1, "steps": 3}),
        ("trl/with-checkpoints/completions", {"rollouts": 24, "groups": 6, "steps": 3}),
        ("trl/with-checkpoints", {"rollouts": 24, "groups": 6, "steps": 3}),
        (f"{WANDB}_043132-fhhcgtgx", TRL_PLAIN),
        (
            f"{WANDB}_045019-83kgdbqj",
            {"rollouts": 24, "groups": 6, "dead": 1, "reward_mean": exactly(1 / 3)},
        ),
        (
            f"{WANDB}_045021-1t53r1b9",
            {"rollouts": 24, "groups": 6, "dead": 0, "reward_mean": exactly(1 / 2)},
        ),
        (
            f"{WANDB}_045021-qhj022ui",
            {"rollouts": 24, "groups": 6, "sizes": {"of 4": 6}, "reward_mean": exactly(10 / 24)},
        ),
        (
            "verl",
            {"rollouts": 32, "groups": 8, "steps": 2, "dead": 1, "reward_mean": exactly(18 / 32)},
        ),
        ("art", {"rollouts": 16, "groups": 4, "dead": 0, "reward_mean": exactly(5 / 16)}),
        ("skyrl", {"rollouts": 12, "groups": 3, "dead": 0, "pass_at_1": exactly(1 / 2)}),
        (
            "tinker",
            {
                "rollouts": 24,
                "groups": 6,
                "steps": 2,
                "dead": 0,
                "reward_mean": exactly(16.4 / 24),
                "pass_at_1": exactly(14 / 24),
            },
        ),
        (
            "open-instruct",
            {
                "rollouts": 24,
                "groups": 6,
                "steps": 2,
                "dead": 2,
                "reward_mean": exactly(14 / 24),
                "length_mean": exactly(118 / 24),
                "truncated_share": exactly(11 / 24),
            },
        ),
        ("slime", {"rollouts": 12, "groups": 3, "dead": 0, "length_mean": exactly(2.5)}),
        (
            "verifiers/0.2.1",
            {
                "rollouts": 20,
                "groups": 5,
                "reward_mean": rounded(0.122575),
                "length_mean": pytest.approx(6.7647, abs=5e-5),
                "pass_at_1": exactly(0.1),
                "pass_at_2": exactly(1 / 6),
                "pass_at_4": exactly(0.2),
            },
        ),
        ("verifiers/0.4.0/traces.jsonl", VERIFIERS_04),
        ("verifiers/0.4.0", VERIFIERS_04),
        (
            INSPECT_JSON,
            {
                "rollouts": 16,
                "groups": 4,
                "dead": 1,
                "reward_mean": exactly(3 / 16),
                "reward_se": exactly(1 / 16),
                "truncated_share": exactly(5 / 16),
            },
        ),
        (
            "inspect/cipn_eval",
            {
                "rollouts": 16,
                "groups": 4,
                "reward_mean": exactly(0.28125),
                "reward_se": rounded(0.106739),
            },
        ),
        (
            "inspect/err_eval",
            {"rollouts": 16, "groups": 4, "unscored": 6, "reward_mean": 0},
        ),
        (
            "inspect/limit_eval",
            {
                "rollouts": 16,
                "groups": 4,
                "reward_mean": exactly(1 / 16),
                "truncated_share": exactly(9 / 16),
            },
        ),
        (
            "inspect/many",
            {"rollouts": 16, "groups": 8, "sizes": {"of 2": 8}, "reward_mean": exactly(5 / 16)},
        ),
        (
            "inspect/two_eval",
            {
                "rollouts": 16,
                "groups": 4,
                "reward_mean": exactly(0.25),
                "reward_se": exactly(0.10206207261596575),
            },
        ),
        (LM_EVAL.format("gen_plain"), {"rollouts": 6, "groups": 6, "reward_mean": 0}),
        (LM_EVAL.format("gen_rep4"), {"rollouts": 6, "groups": 6, "reward_mean": 0}),
        (
            LM_EVAL.format("mc"),
            {
                "rollouts": 6,
                "groups": 6,
                "reward_mean": exactly(1 / 6),
                "reward_se": exactly(1 / 6),
            },
        ),
        (
            LM_EVAL.format("gen_passk"),
            {"rollouts": 6, "groups": 6, "reward_mean": exactly(4 / 6)},
        ),
    ],
)
def test_the_facts_of_a_dump(source: str, right: dict[str, Any]) -> None:
    answer = summary(source)

    assert answer.code == 0
    assert part(answer, right) == right


def test_the_step_of_an_evaluation_is_in_its_folder() -> None:
    """skyrl/global_step_3_evals."""
    assert summary("skyrl").column("step") == [3]


@pytest.mark.parametrize("run_id", ["043132-fhhcgtgx", "045021-qhj022ui"])
def test_a_table_that_another_one_repeats_is_said_to_be_left_out(run_id: str) -> None:
    """The last table has the bytes of the one before; or each begins with all of the last."""
    assert summary(f"{WANDB}_{run_id}").notes("left out|counts? once|replaced|only once")


@pytest.mark.parametrize("source", ["trl/with-checkpoints", "verifiers/0.4.0", "tables/hf_ds"])
def test_files_that_are_not_dumps_are_said_to_be_left_out(source: str) -> None:
    answer = summary(source)

    assert answer.code == 0
    assert answer.notes("left out|skipped|not read|ignored")


# What inspect and lm-eval log


def test_a_log_without_samples_is_said_to_have_none() -> None:
    """nosamples: `log_samples=False`."""
    answer = summary("inspect/nosamples_eval")
    error = answer.stderr.splitlines()[0]

    assert answer.code == 3
    assert "samples" in error
    assert "zip" not in error


def test_a_second_scorer_can_be_chosen() -> None:
    """two: `match` is the first scorer, `num` the second."""
    assert summary("inspect/two_eval", "--reward", "num").facts["reward_mean"] == exactly(0.3518125)


def test_a_second_scorer_is_said() -> None:
    assert summary("inspect/two_eval").notes(r"\bnum\b")


def test_samples_that_failed_are_counted_and_have_no_reward() -> None:
    """err: 6 of 16 raised an error; there is one scorer, match, and none called score."""
    assert summary("inspect/err_eval").facts["errors"] == 6
    assert not summary("inspect/err_eval").notes("sum of")
    assert "score" not in group("inspect/err_eval").rows[0]


def test_what_stopped_the_samples_is_counted() -> None:
    """limit: 6 by a limit, 3 by max_tokens, as counts or as shares of 16."""
    stopped = summary("inspect/limit_eval").facts["stopped_by"].values()
    counts = [round(number if number >= 1 else 16 * number) for number in stopped]

    assert {3, 6} <= set(counts)


def test_rollouts_of_verifiers_that_failed_are_counted() -> None:
    """0.2.1: its metadata.json says avg_error 0.15."""
    assert summary("verifiers/0.2.1").facts["errors"] == 3


def test_the_documents_of_two_tasks_are_two_groups() -> None:
    answer = summary(LM_EVAL.format("mc"), LM_EVAL.format("gen_passk"))

    assert (answer.facts["rollouts"], answer.facts["groups"]) == (12, 12)
    assert answer.facts["reward_mean"] == exactly(5 / 12)


def test_two_filters_of_the_same_responses_are_read_once() -> None:
    """gen_rep4f: the filters first and maj; one is taken and named, or the user is asked."""
    answer = summary(LM_EVAL.format("gen_rep4f"))

    assert answer.notes("first")
    assert answer.code in (2, 3) or answer.facts["rollouts"] == 6


@pytest.mark.parametrize("name", ["first", "maj"])
def test_a_filter_of_the_responses_can_be_chosen(name: str) -> None:
    answer = summary(LM_EVAL.format("gen_rep4f"), "--filter", name)

    assert (answer.facts["rollouts"], answer.facts["groups"]) == (6, 6)
    assert answer.facts["reward_mean"] == 0


def test_the_output_folder_of_lm_eval_is_read() -> None:
    """Five tasks of six documents; the results beside them are left out, and counted."""
    answer = summary("lm-eval")
    if answer.code != 0:  # asked for the filter of gen_rep4f
        assert answer.notes("--filter")
        answer = summary("lm-eval", "--filter", "first")

    assert answer.facts["groups"] == 30
    assert answer.facts["rollouts"] == 30


def test_a_second_metric_is_said() -> None:
    """mc: acc is read, acc_norm stands beside it."""
    assert summary(LM_EVAL.format("mc")).notes("acc_norm")


# Lengths


def test_the_length_of_a_response_is_in_its_usage() -> None:
    """verifiers 0.4.0: `calls[].usage.completion_tokens`."""
    answer = summary("verifiers/0.4.0/traces.jsonl")

    assert answer.facts["length_mean"] == exactly(6.8)


def test_a_text_has_a_length_in_characters_or_words() -> None:
    """verl logs no tokens: its responses have 19.875 characters, 4.96875 words."""
    facts = summary("verl", "--length", "output").facts
    right = {"characters": 19.875, "words": 4.96875}

    assert facts["length_mean"] == exactly(right[facts["length_unit"]])


def test_the_longest_quarter_of_equal_lengths_is_a_quarter() -> None:
    """match_json: every response has one token."""
    share = summary(INSPECT_JSON).facts.get("token_mean_share_of_longest_quarter")

    assert share is None or share == exactly(0.25)


# Audits

TRL = "grpo, group std, ddof 1, epsilon 1e-4"
VERL = "grpo, group std, ddof 1, epsilon 1e-6"
WHITENED = "whitened over tokens, ddof 1, epsilon 1e-8"


@pytest.mark.parametrize(
    ("source", "convention", "trainer"),
    [
        ("trl/g_plain", TRL, "trl"),
        ("trl/g_chat", TRL, "trl"),
        ("trl/g_eval", TRL, "trl"),
        ("trl/g_uniq", TRL, "trl"),
        ("trl/with-checkpoints/completions", TRL, "trl"),
        ("trl/g_w", TRL, "trl"),
        (f"{WANDB}_043132-fhhcgtgx", TRL, "trl"),
        ("open-instruct", "dr-grpo", "open-instruct"),
        ("advantages/verl_grpo_bin.csv", VERL, "verl"),
        ("advantages/verl_grpo_cont.csv", VERL, "verl"),
        ("advantages/verl_grpo_vec_bin.csv", VERL, "verl"),
        ("advantages/verl_grpo_vec_cont.csv", VERL, "verl"),
        ("advantages/verl_drgrpo_bin.csv", "dr-grpo", "verl"),
        ("advantages/verl_drgrpo_cont.csv", "dr-grpo", "verl"),
        ("advantages/verl_rloo_bin.csv", "rloo", "verl"),
        ("advantages/verl_rloo_cont.csv", "rloo", "verl"),
        ("advantages/verl_rloo_vec_bin.csv", "rloo", "verl"),
        ("advantages/verl_rloo_vec_cont.csv", "rloo", "verl"),
        ("advantages/verl_opo_bin.csv", "opo", "verl"),
        ("advantages/verl_opo_cont.csv", "opo", "verl"),
        ("advantages/verl_gpg_bin.csv", "gpg", "verl"),
        ("advantages/verl_gpg_cont.csv", "gpg", "verl"),
        ("advantages/verl_rfpp_bin.csv", f"reinforce++, {WHITENED}", "verl"),
        ("advantages/verl_rfpp_cont.csv", f"reinforce++, {WHITENED}", "verl"),
        ("advantages/verl_rfppb_bin.csv", f"reinforce++-baseline, {WHITENED}", "verl"),
        ("advantages/verl_rfppb_cont.csv", f"reinforce++-baseline, {WHITENED}", "verl"),
        ("advantages/verl_passk_bin.csv", "pass-k", "verl"),
        ("advantages/verl_passk_cont.csv", "pass-k", "verl"),
        ("advantages/skyrl_grpo_outco_bin.csv", VERL, "skyrl"),
        ("advantages/skyrl_grpo_outco_cont.csv", VERL, "skyrl"),
        ("advantages/skyrl_rloo_outco_bin.csv", "rloo", "skyrl"),
        ("advantages/skyrl_rloo_outco_cont.csv", "rloo", "skyrl"),
        ("advantages/skyrl_maxrl_adva_bin.csv", "maxrl", "skyrl"),
        ("advantages/skyrl_maxrl_adva_cont.csv", "maxrl", "skyrl"),
        ("advantages/skyrl_reinforce__bin.csv", f"reinforce++, {WHITENED}", "skyrl"),
        ("advantages/skyrl_reinforce__cont.csv", f"reinforce++, {WHITENED}", "skyrl"),
    ],
)
def test_an_audit_names_the_trainers_own_function(
    source: str, convention: str, trainer: str
) -> None:
    """Where two functions give the same numbers, the other one is said to fit as well."""
    answer = group(source, "--audit")
    named = [answer.facts["reproduced_by"], *str(answer.facts["fit_as_well"]).split("; ")]

    assert answer.code == 0
    assert len(set(named)) == len(named)
    assert any(name == convention or name.startswith(f"{convention},") for name in named)
    assert trainer in answer.facts["as"].split(", ")
    assert answer.facts["do_not_fit"] == 0
    assert answer.facts["largest_difference"] < 1e-5


def test_an_audit_with_the_weights_of_the_run_is_exact() -> None:
    """g_w: the reward functions have the weights 1 and 0.2."""
    answer = group("trl/g_w", "--audit", "--reward", "acc,frac", "--weights", "1,0.2")

    assert answer.code == 0
    assert answer.facts["reproduced_by"] == TRL
    assert (answer.facts["fit"], answer.facts["do_not_fit"]) == (20, 0)


def test_unknown_weights_are_solved_for() -> None:
    """g_w: inside the groups the advantages are a regression on acc and frac, 1 : 0.2."""
    answer = group("trl/g_w", "--audit")

    assert answer.says(r"\b0?\.2\b")


# The same 48 rollouts, as tables of many writers


Row = tuple[str, str, float, float]  # step, group, reward, advantage


def groups(rows: list[Row]) -> list[tuple[str, list[tuple[float, float]]]]:
    """The step of each group and its rewards with their advantages, whatever its name is."""
    held: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for step, name, *numbers in rows:
        held.setdefault((step, name), []).append((numbers[0], numbers[1]))
    return sorted((step, sorted(numbers)) for (step, _), numbers in held.items())


def numbers(found: list[tuple[str, list[tuple[float, float]]]]) -> list[float]:
    return [number for _, rollouts in found for rollout in rollouts for number in rollout]


@pytest.fixture(scope="module")
def the_48() -> list[Row]:
    """By polars alone: r minus the mean, over the standard deviation and 1e-6."""
    reward, own = pl.col("reward"), ["step", "group_id"]
    centred = reward - reward.mean().over(own)
    table = pl.read_csv(TRAINERS / "tables/pl.csv").select(
        pl.col("step").cast(pl.String),
        "group_id",
        "reward",
        (centred / (reward.std().over(own) + 1e-6)).alias("advantage"),
    )
    return table.rows()


@pytest.mark.parametrize(
    "name",
    [
        "pl.csv",
        "pl.parquet",
        "pl_part",
        "sf",
        "pa_feather",
        "pd_shuffled.parquet",
        "pd_split.json",
        "pa_hive",
        "dd_part",
        "hf_ds",
        "hf_ds3",
        "hf_msgs",
        "hf_ds/*.arrow",
        "hf_ds3/*.arrow",
        "hf_msgs/*.arrow",
        "pd_boolreward.csv",
        "dd_lists.parquet",
        "pd_cols.json",
        "pd_index.json",
    ],
)
def test_a_table_holds_the_same_rollouts_whoever_wrote_it(name: str, the_48: list[Row]) -> None:
    answer = group(f"tables/{name}")
    rows = [
        (str(row["step"]), str(row["group"]), row["reward"], row["advantage"])
        for row in answer.rows
    ]
    found, right = groups(rows), groups(the_48)

    assert [(step, len(rollouts)) for step, rollouts in found] == [
        (step, len(rollouts)) for step, rollouts in right
    ]
    assert numbers(found) == pytest.approx(numbers(right), abs=1e-9)


# Notes


@pytest.mark.parametrize("source", ["verifiers/0.2.1", INSPECT_JSON])
def test_a_truncated_answer_has_its_whole_reward(source: str) -> None:
    answer = run("estimate", source, "--of", "v", inside=TRAINERS)

    assert answer.code == 0
    assert not answer.notes("too low")


def test_an_evaluation_that_overwrote_a_step_is_said() -> None:
    """g_eval: steps 2 and 3 have other prompts, in groups of 2."""
    answer = summary("trl/g_eval")

    assert answer.notes("evaluation")
    assert not answer.notes("merged")


@pytest.mark.parametrize("task", ["gen_plain", "mc"])
def test_a_log_of_an_evaluation_gets_no_advice_about_trainers(task: str) -> None:
    assert not summary(LM_EVAL.format(task)).notes("verl|trl|skyrl|grpo")


def test_equal_group_means_have_no_error_of_rounding() -> None:
    """tinker: at step 1 every group has the mean 0.6."""
    errors = summary("tinker").column("reward_se")

    assert errors[0] == 0
    assert errors[1] > 0.01
