"""The noun of a report: what a section does not have is left out."""

from rlcalc.pages import Page, Section, Table
from rlcalc.result import Column, Result


def test_a_page_is_made_of_sections() -> None:
    result = Result("group", "Groups", {"n": Column([1, 2], "count")}, {})
    table = Table("Groups", result, 2)
    page = Page("title", "rollouts", ["run"], [Section("tables", "Tables", tables=[table])])

    assert page.sections[0].sentences == ()
    assert page.sections[0].tables[0].is_open
