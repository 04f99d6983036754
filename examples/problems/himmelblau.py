"""Himmelblau's function of a vector: four minima, all of them 0."""

start = [-0.5, -1.0]


def loss(v):
    x, y = v
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
