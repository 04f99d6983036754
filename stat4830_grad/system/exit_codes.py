"""How a process of ours ends, besides 128 + the number of a signal. Imports nothing."""

COMPLETED = 0
DEFECT = 1
"""Of this program."""

CONFIGURATION = 2
DATA = 3
"""Missing or damaged."""

DIVERGED = 4
"""Or ended above its start."""

DISAGREE = 5
"""Two gradients differ, or a student's file is not a gradient."""

MACHINE = 6
"""Its disk is full, its memory short, its output cannot be written."""
