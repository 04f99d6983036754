"""Running a student's file in a process of its own, which cannot decide what is said of it.

`student` is our side, `server` and `worker` the other; only numbers and plain text come back.
"""
