"""scripts/benchmark: ours against the lecture's loop, JAX and the machine. docs/benchmarks.md."""
