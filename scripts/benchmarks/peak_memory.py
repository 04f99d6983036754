"""`python peak_memory.py command…` runs it; the last line printed is its peak memory in bytes.

A program of its own because Linux starts a child's peak with its parent's size, and the benchmark
is large.
"""

import resource
import subprocess
import sys

if __name__ == "__main__":
    subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(peak if sys.platform == "darwin" else 1024 * peak)  # Linux counts in KiB
