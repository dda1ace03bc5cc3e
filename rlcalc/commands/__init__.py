"""Commands: one thin file a verb, which reads options, calls the library and writes the answer.

A file NAME.py has a function NAME whose parameters are options of `rlcalc.options`.
"""

SECTIONS: dict[str, tuple[str, ...]] = {
    "From experience": ("gain", "estimate", "advantage", "evaluate", "model"),
    "From a model": ("solve", "simulate", "gradient"),
    "Rollouts of a language model": ("group", "objective"),
    "Around them": ("check", "compare", "merge", "report", "specs", "manual"),
}
"""The commands, under the headings of --help."""

COMMANDS = tuple(name for names in SECTIONS.values() for name in names)
