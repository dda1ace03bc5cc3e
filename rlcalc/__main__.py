"""python -m rlcalc is the command line."""

from rlcalc.cli import main

main()
