"""A sweep on a Slurm cluster: its batches are tasks of an array, submitted through submitit.

Slurm starts, preempts and requeues the tasks. They share the sweep's directory with the process
that submitted them, which has to be on a file system that all nodes see.
"""
