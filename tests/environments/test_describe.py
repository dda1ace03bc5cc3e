"""Descriptions of environments, as comments of a document."""

import yaml

from rlcalc.environments import describe


def test_parameters_are_listed_with_their_defaults() -> None:
    lines = describe.parameters_comment("rifle").splitlines()

    assert lines[0] == "# Parameters of rifle, with their defaults:"
    assert any(line.startswith("#   size: 3 ") for line in lines)
    assert any(line.startswith("#   gun: good ") for line in lines)
    assert all(line.startswith("#") for line in lines)


def test_a_required_parameter_is_marked() -> None:
    assert "vocabulary: (required)" in describe.parameters_comment("language")


def test_a_document_is_comments_and_a_name() -> None:
    text = describe.example_document("jacks-car-rental")

    assert text.startswith("# Jack's car rental: two places")
    assert yaml.safe_load(text) == {"environment": "jacks-car-rental"}
