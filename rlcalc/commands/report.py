"""rlcalc report: one page about a source, with pictures, tables and what to look at."""

from __future__ import annotations

from rlcalc import options


def report(
    source: options.Source = None,
    texts: options.ReportTexts = "chosen",
    title: options.Title = None,
    *,
    files: options.Files = None,
    reading: options.ReportOptions,
    output: options.ReportOutput = None,
    quiet: options.Quiet = False,
) -> None:
    """One page that one can send: facts, pictures, tables.

    Of rollouts, of a log of trajectories, or of a model: one HTML file that needs no network.

    rlcalc report run/ -o report.html

    rlcalc report gridworld-4x4 -o values.html --title 'The gridworld'
    """
    from rlcalc import api
    from rlcalc.errors import shown
    from rlcalc.options import needs_source, page_file
    from rlcalc.renderers.messages import write_message
    from rlcalc.renderers.output import open_output

    file = page_file(output)
    page = api.report(needs_source(source, files), title=title, texts=texts, **reading.arguments())
    with open_output(file) as stream:
        stream.write(page.encode("utf-8", "backslashreplace"))
    if file is not None and not quiet:
        write_message(f"wrote a report of {len(page.encode()):,} bytes to {shown(file)}")
