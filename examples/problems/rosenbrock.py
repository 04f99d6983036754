"""Rosenbrock's valley: f(x, y) = (1 − x)² + 100 (y − x²)², least at (1, 1)."""

start = {"x": -1.2, "y": 1.0}
minimiser = {"x": 1.0, "y": 1.0}


def loss(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def gradient(x, y):
    return {"x": -2 * (1 - x) - 400 * x * (y - x**2), "y": 200 * (y - x**2)}
