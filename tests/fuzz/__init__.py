"""The fuzzer: hostile inputs and options for every command, by bytes and by structure.

    python -m tests.fuzz --minutes 30 --seed 7     runs until the time is over
    python -m tests.fuzz --cases 500 --seed 7      runs so many cases
    python -m tests.fuzz --case 123 --seed 7       replays one of them

A case is made by its seed and number alone, and runs the command line in a process of its own.
"""
