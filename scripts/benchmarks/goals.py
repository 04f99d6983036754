"""What updates are compared with, and the ratios that they must not exceed."""

LECTURE, JAX, LIMIT, ALONE = "lecture's loop", "JAX", "machine's limit", "one run of ours"

GOALS = {
    "cpu": {
        ("logistic n=4,000", LECTURE): 1 / 3,
        ("mlp n=4,000", LECTURE): 1 / 1.6,
        ("logistic n=60,000", LECTURE): 1 / 4,
        ("mlp n=60,000", LECTURE): 1 / 1.7,
        ("logistic n=4,000", JAX): 0.5,
        ("mlp n=4,000", JAX): 1.0,
        ("logistic n=60,000", JAX): 1.0,
        ("mlp n=60,000", JAX): 1.0,
        ("logistic n=4,000 × 64", JAX): 1.0,
        ("mlp n=4,000 × 16", JAX): 1.0,
        ("logistic n=4,000 × 64", LECTURE): 1 / 10,
        ("least squares n=10,000 × 256", LECTURE): 1 / 10,
        ("polynomial × 1,024", LECTURE): 1 / 200,
        ("logistic n=4,000 × 4", JAX): 1.0,
        ("logistic n=4,000 × 16", JAX): 0.8,
        ("logistic n=4,000 × 1,024", JAX): 0.6,
        ("mlp n=4,000 × 256", JAX): 0.6,
        ("least squares n=10,000", JAX): 0.5,
        ("polynomial", JAX): 3.0,
        ("polynomial × 1,024", JAX): 3.0,
    },
    "cuda": {
        ("logistic n=4,000", LECTURE): 1 / 10,
        ("mlp n=4,000", LECTURE): 1 / 10,
        ("logistic n=4,000 × 1,024", ALONE): 20.0,
    },
}
"""(case, against whom) -> the ratio that the best method of ours must not exceed."""
