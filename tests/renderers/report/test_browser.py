"""Reports in a real browser: sorting, filters, search, groups, hostile texts, and no requests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rlcalc
from tests.renderers.report.browser import headless_browser, open_page

HOSTILE = (
    "<script>window.hacked = 1; document.title = 'hacked'</script>",
    "</style><style>body { display: none }</style>",
    "</script><script>window.hacked = 2</script>",
    "<img src=x onerror='window.hacked = 3'><svg onload='window.hacked = 4'>",
    "[a](javascript:window.hacked=5) <a href='javascript:window.hacked=6'>b</a>",
    '" onfocus="window.hacked = 7" autofocus x=\'',
    "admin\u202etxt.exe \u2066hidden\u2069 \u200bnothing",
    "nul \x00, bell \x07, escape \x1b[31mred",
    "a lone \ud800 surrogate",
    "{{ 7 * 7 }} {% for x in y %} ${window.hacked = 8}",
    "<!-- --!> ]]> &lt;b&gt; &#60;script&#62;",
    "<link rel=stylesheet href=http://example.com/a.css><iframe src=http://example.com>",
    "<meta http-equiv=refresh content='0;url=http://example.com'><base href=http://example.com>",
)
SENTENCE = "the answer is {n}, as one plus {n} is more than {n}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with headless_browser() as driver:
        yield driver


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three steps of ten groups of four rollouts, as verl writes them."""
    folder = tmp_path_factory.mktemp("run")
    for step in range(1, 4):
        records = [
            {
                "input": f"What is question {group}?",
                "output": SENTENCE.format(n=10 * group + rollout),
                "gts": "1",
                "score": float((group + rollout * (group % 3)) % 4 < 2) * (0.5 + group / 20),
                "step": step,
            }
            for group in range(10)
            for rollout in range(4)
        ]
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / f"{step}.jsonl").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> Path:
    path = run / "report.html"
    path.write_text(rlcalc.report(str(run), success=0.5))
    return path


def column(driver: Any, title: str, number: int) -> list[str]:
    """Return the visible cells of a column, in full precision."""
    return list(
        driver.execute_script(
            "const part = [...document.querySelectorAll('details.part')]"
            ".find((p) => p.querySelector('summary').textContent === arguments[0]);"
            "return [...part.querySelectorAll('tbody tr')].filter((row) => !row.hidden)"
            ".map((row) => row.cells[arguments[1]])"
            ".map((cell) => cell.dataset.v ?? cell.textContent)",
            title,
            number,
        )
    )


def part(driver: Any, title: str) -> Any:
    for one in driver.find_elements("css selector", "details.part"):
        if one.find_element("tag name", "summary").text == title:
            return one
    raise AssertionError(title)


def keys(driver: Any) -> Any:
    from selenium.webdriver.common.action_chains import ActionChains

    return ActionChains(driver)


def requests(driver: Any) -> list[str]:
    """Return what the page loaded besides itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in urls if not url.endswith(".html") and not url.startswith("data:")]


def test_it_opens_without_errors_and_loads_nothing(browser: Any, page: Path) -> None:
    open_page(browser, page)

    assert browser.get_log("browser") == []
    assert requests(browser) == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 1280
    assert browser.execute_script("return document.querySelectorAll('.drawing svg').length") >= 4


def test_its_numbers_are_those_of_the_commands(browser: Any, page: Path, run: Path) -> None:
    open_page(browser, page)
    rows = list(rlcalc.group(str(run), rows="groups", success=0.5).rows())
    steps = list(rlcalc.group(str(run), rows="summary", success=0.5).rows())

    assert [float(v) for v in column(browser, "Groups", 3)] == [row["mean"] for row in rows]
    assert [float(v) for v in column(browser, "Groups", 4)] == [row["std"] for row in rows]
    assert column(browser, "Groups", 7) == [row["status"] for row in rows]
    assert [float(v) for v in column(browser, "Steps", 3)] == [row["reward"] for row in steps]


def test_its_facts_are_those_of_the_command(browser: Any, page: Path, run: Path) -> None:
    open_page(browser, page)
    facts = rlcalc.group(str(run), rows="summary", success=0.5).plain_facts()
    title = "Everything that rlcalc group says"
    shown = dict(zip(column(browser, title, 0), column(browser, title, 1), strict=True))

    for name, value in facts.items():
        if isinstance(value, float):
            assert float(shown[name.replace("_", " ")]) == value
    assert int(shown["rollouts"]) == 120


def test_a_click_or_enter_on_a_head_sorts(browser: Any, page: Path) -> None:
    open_page(browser, page)
    before = column(browser, "Groups", 3)
    head = part(browser, "Groups").find_elements("css selector", "thead tr:first-child th")[3]
    head.find_element("tag name", "button").click()

    assert head.get_attribute("aria-sort") == "ascending"
    assert column(browser, "Groups", 3) == sorted(before, key=float)

    browser.execute_script("arguments[0].focus()", head.find_element("tag name", "button"))
    keys(browser).send_keys("\ue007").perform()

    assert head.get_attribute("aria-sort") == "descending"
    assert column(browser, "Groups", 3) == sorted(before, key=float, reverse=True)

    keys(browser).send_keys("\ue007").perform()

    assert column(browser, "Groups", 3) == before


def test_a_column_is_filtered_by_text_and_by_number(browser: Any, page: Path) -> None:
    open_page(browser, page)
    table = part(browser, "Groups")
    inputs = table.find_elements("css selector", ".filters input")
    inputs[7].send_keys("too")

    assert set(column(browser, "Groups", 7)) == {"too hard", "too easy"}

    inputs[7].clear()
    inputs[7].send_keys("mixed")
    inputs[3].send_keys(">=0.3")
    means = column(browser, "Groups", 3)

    assert means
    assert all(float(mean) >= 0.3 for mean in means)
    assert table.find_element("css selector", ".count").text == f"{len(means)} of 30 rows"


def test_rows_are_searched(browser: Any, page: Path) -> None:
    open_page(browser, page)
    part(browser, "Groups").find_element("css selector", ".search-rows").send_keys("Too Hard")

    assert set(column(browser, "Groups", 7)) == {"too hard"}


def test_groups_go_on_by_button_and_by_key(browser: Any, page: Path) -> None:
    open_page(browser, page)

    def visible() -> list[str]:
        groups = browser.find_elements("css selector", "article.group")
        return [g.find_element("tag name", "h3").text for g in groups if g.is_displayed()]

    first = visible()
    browser.find_element("id", "next-group").click()
    second = visible()
    browser.find_element("tag name", "body").click()
    keys(browser).send_keys("\ue014").perform()
    third = visible()
    keys(browser).send_keys("\ue012").perform()

    assert [len(names) for names in (first, second, third)] == [1, 1, 1]
    assert len({*first, *second, *third}) == 3
    assert visible() == second

    browser.find_element("id", "previous-group").click()

    assert visible() == first


def test_a_group_shows_prompt_responses_and_arithmetic(browser: Any, page: Path) -> None:
    open_page(browser, page)
    texts = [e.get_attribute("textContent") for e in browser.find_elements("css selector", ".text")]
    group = next(g for g in browser.find_elements("css selector", ".group") if g.is_displayed())

    assert "What is question" in group.find_element("css selector", ".prompt").text
    assert len(group.find_elements("css selector", ".card")) == 4
    assert "/ (" in group.find_element("css selector", ".card dl").text
    assert any(text.startswith("the answer is ") for text in texts)


@pytest.mark.parametrize("kind", ["rollouts", "trajectories", "a model"])
def test_hostile_texts_do_nothing_and_are_shown(browser: Any, tmp_path: Path, kind: str) -> None:
    sources = {"rollouts": hostile_rollouts, "trajectories": hostile_log, "a model": hostile_model}
    path = tmp_path / "report.html"
    title = "</title><script>window.hacked = 9</script>"
    texts: Any = "all" if kind == "rollouts" else "chosen"
    path.write_text(rlcalc.report(sources[kind](tmp_path), title=title, texts=texts))
    open_page(browser, path)
    text = browser.execute_script("return document.body.textContent")

    assert browser.get_log("browser") == []
    assert requests(browser) == []
    assert browser.execute_script("return window.hacked") is None
    assert browser.title == title
    assert browser.execute_script("return document.scripts.length") == 1
    assert (
        browser.execute_script("return document.querySelectorAll('a[href^=java], img').length") == 0
    )
    assert HOSTILE[0] in text
    assert "\\u202etxt.exe" in text
    assert not set("\u202e\u2066\u200b\x00\x07\x1b") & set(text)


def hostile_rollouts(folder: Path) -> str:
    records = [
        {"input": text, "output": f"{text} {r}", "gts": text, "score": float(r % 2), "step": 1}
        for text in HOSTILE
        for r in range(2)
    ]
    path = folder / "1.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def hostile_log(folder: Path) -> str:
    trajectories = [
        {"states": [text, "end"], "actions": [text], "rewards": [1.0], "terminated": True}
        for text in HOSTILE
    ]
    path = folder / "log.json"
    path.write_text(json.dumps({"trajectories": trajectories}))
    return str(path)


def hostile_model(folder: Path) -> str:
    states: dict[str, Any] = {
        text: {text: {"to": "end", "reward": float(n)}} for n, text in enumerate(HOSTILE)
    }
    path = folder / "model.json"
    path.write_text(json.dumps({"gamma": 0.9, "states": {**states, "end": {}}}))
    return str(path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_light_and_dark(browser: Any, page: Path, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    open_page(browser, page)
    contrasts = browser.execute_script(CONTRASTS)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    assert len(contrasts) > 50
    assert min(contrasts) >= 4.5  # WCAG AA


CONTRASTS = """
const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (c) => c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const ground = (e) => {
  for (; e; e = e.parentElement) {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c;
  }
  return [255, 255, 255];
};
const names = "h1, h2, h3, h4, p, a, li, dt, dd, td, th button, pre, summary, code, .count";
return [...document.querySelectorAll(names)]
  .filter((e) => e.offsetParent && e.textContent.trim() && !e.closest("svg"))
  .map((e) => [luminance(rgb(getComputedStyle(e).color)), luminance(ground(e))])
  .map((pair) => pair.sort((a, b) => b - a))
  .map(([a, b]) => (a + 0.05) / (b + 0.05));
"""
