"""The manual as text: names of topics, their summaries, and pages without a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlcalc import manual


@given(st.text())
def test_a_topic_name_is_its_own_name(heading: str) -> None:
    """So what the list shows can be typed as it stands."""
    name = manual.topic_name(heading)

    assert " " not in name
    assert manual.topic_name(name) == name


@pytest.mark.parametrize(
    ("heading", "name"), [("V, Q and A", "v-q-and-a"), ("`pass@k`", "passk"), (" A_b-c ", "a_b-c")]
)
def test_a_heading_is_named_as_its_anchor(heading: str, name: str) -> None:
    assert manual.topic_name(heading) == name


def test_a_summary_is_the_first_sentence_without_marks() -> None:
    text = "## One\n\n```sh\nrlcalc\n```\n\nThe **list** of\n[names](x.md#y). More.\n"

    assert manual.Topic("one", text, "commands").summary == "The list of names"


def test_a_section_is_indented_below_its_page() -> None:
    listed = {one.name: one for one in manual.topics() if one.listed}
    for line in manual.topic_list().splitlines()[3:]:
        one = listed[line.split()[0]]

        assert line.startswith("  ") == (one.name != one.page)
        assert line.endswith(one.summary)


def test_headings_are_underlined_by_their_level() -> None:
    topic = manual.Topic("x", "# One\n\n## Second\n\n### Third\n\nEnd.\n", "commands")
    lines = manual.rendered_manual_topic(topic, terminal=False).splitlines()

    assert [line for line in lines if line] == ["One", "═══", "Second", "──────", "Third", "End."]
