"""Lion (Chen et al. 2023) as a rule of one's own, for `optimizer=file optimizer.path=lion.py`."""

import torch


def init(params):
    return {"average": {name: torch.zeros_like(p) for name, p in params.items()}}


def update(params, grads, lr, state):
    moved, average = {}, {}
    for name, p in params.items():
        m, g = state["average"][name], grads[name]
        moved[name] = p - lr * torch.sign(0.9 * m + 0.1 * g)
        average[name] = 0.99 * m + 0.01 * g
    return moved, {"average": average}
