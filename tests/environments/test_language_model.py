"""The language model of a world: contexts, decoding and draws."""

import pytest

from rlcalc.environments import language, language_model
from tests.environments.languages import SUMS


def test_the_longest_context_counts() -> None:
    said = language.Parameters.model_validate(
        {**SUMS, "logits": {"": {2: 5}, "=": {3: 5}, "2=": {".": 5}}}
    )
    model_of_language = language_model.LanguageModel(said)

    assert model_of_language.token_probabilities("1+1").argmax() == 0
    assert model_of_language.token_probabilities("1+1=").argmax() == 1
    assert model_of_language.token_probabilities("1+2=").argmax() == 2
    assert model_of_language.token_probabilities("x2").sum() == pytest.approx(1)


def test_the_responses_of_a_text_are_all_and_sum_to_1() -> None:
    """Two tokens and an end in two steps: 1 + 2 · 3 responses."""
    own = language_model.LanguageModel(language.Parameters.model_validate(SUMS))
    responses = dict(own.responses("1+1="))

    assert len(responses) == 7
    assert sum(responses.values()) == pytest.approx(1)
    assert all(own.is_finished(tokens) for tokens in responses)
