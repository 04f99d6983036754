"""What scripts/determinism runs: the same commands under conditions that must not matter.

A setting is a number of threads and a level of vector instructions for torch (ATEN_CPU_CAPABILITY).
Within a setting every number of metrics.csv but the seconds, and every bit of the checkpoints,
must be the same under every condition. What differs between settings is told as well.
"""
