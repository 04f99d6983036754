"""The same models in JAX: gradients by jax.grad, all updates of a run in one compiled scan.

A sweep over step sizes is a vmap. Weights of the hidden layer are (d, h), as is usual there.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from torch import Tensor

from stat4830_grad.core import Params

from .measurement import Outcome, Run


def missing(device: str) -> str | None:
    """Why JAX cannot be measured on `device`, or None."""
    if importlib.util.find_spec("jax") is None:
        return "pip install -e .[jax]"
    import jax

    platform = {"cuda": "gpu"}.get(device, device)
    try:
        jax.devices(platform)
    except RuntimeError:
        return f"this JAX has no {platform}"
    return None


def losses() -> dict[str, Callable[..., Any]]:
    """The loss of each problem: (params, X, y) -> a number."""
    import jax
    import jax.numpy as jnp

    def cross_entropy(z: Any, y: Any) -> Any:
        return jnp.mean(jax.nn.softplus(z) - y * z)

    def logistic(params: Any, X: Any, y: Any) -> Any:
        return cross_entropy(X @ params["w"], y)

    def mlp(params: Any, X: Any, y: Any) -> Any:
        a = jax.nn.relu(X @ params["w1"] + params["b1"])
        return cross_entropy(a @ params["w2"] + params["b2"], y)

    def least_squares(params: Any, X: Any, y: Any) -> Any:
        return 0.5 * jnp.sum((X @ params["w"] - y) ** 2)

    def polynomial(params: Any, X: Any, y: Any) -> Any:
        return params["x"] ** 3 - 3 * params["x"]

    return {
        "logistic": logistic,
        "mlp": mlp,
        "least squares": least_squares,
        "polynomial": polynomial,
    }


def jax_loop(problem: str, params: Params, X: Tensor, y: Tensor, lr: Tensor) -> Run:
    """One run, or one for each entry of `lr` (K,) and row of `params` (K, …)."""
    import jax
    from jax import lax

    put, loss = onto_device(lr), losses()[problem]
    start = {name: put(p) for name, p in rearranged(params).items()}
    data, steps = (put(X), put(y)), put(lr)

    def update(p: Any, lr: Any, X: Any, y: Any) -> Any:
        return jax.tree.map(lambda p, g: p - lr * g, p, jax.grad(loss)(p, X, y))

    move = jax.vmap(update, in_axes=(0, 0, None, None)) if lr.ndim else update

    @cache
    def compiled(updates: int) -> Any:
        def scan(p: Any, lr: Any, X: Any, y: Any) -> Any:
            return lax.scan(lambda p, _: (move(p, lr, X, y), None), p, length=updates)[0]

        return jax.jit(scan).lower(start, steps, *data).compile()

    def run(updates: int) -> Outcome:
        program = compiled(updates)
        began = time.perf_counter()
        end = jax.block_until_ready(program(start, steps, *data))
        seconds = time.perf_counter() - began
        first = {name: p[0] for name, p in end.items()} if lr.ndim else end
        return Outcome(seconds, float(loss(first, *data)))

    return run


def onto_device(like: Tensor) -> Callable[[Any], Any]:
    """What brings tensors and arrays to where `like` is."""
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")  # no TF32, as in ours
    device = jax.devices("gpu" if like.is_cuda else "cpu")[0]

    def put(value: Any) -> Any:
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        return jax.device_put(array, device)

    return put


def jax_minibatches(
    problem: str, params: Params, X: Tensor, y: Tensor, lr: Tensor, rows: Any
) -> Run:
    """One run whose update k sees the samples `rows[k]`; rows (most updates, m)."""
    import jax
    from jax import lax

    put, loss = onto_device(lr), losses()[problem]
    start = {name: put(p) for name, p in rearranged(params).items()}
    data, step = (put(X), put(y)), put(lr)

    @cache
    def compiled(updates: int) -> Any:
        def scan(p: Any, lr: Any, X: Any, y: Any, rows: Any) -> Any:
            def update(p: Any, some: Any) -> tuple[Any, None]:
                slopes = jax.grad(loss)(p, X[some], y[some])
                return jax.tree.map(lambda p, g: p - lr * g, p, slopes), None

            return lax.scan(update, p, rows)[0]

        return jax.jit(scan).lower(start, step, *data, put(rows[:updates])).compile()

    def run(updates: int) -> Outcome:
        program, order = compiled(updates), put(rows[:updates])
        began = time.perf_counter()
        end = jax.block_until_ready(program(start, step, *data, order))
        return Outcome(time.perf_counter() - began, float(loss(end, *data)))

    return run


def rearranged(params: Params) -> Params:
    """Ours to JAX's: w1 (…, h, d) -> (…, d, h), w2 (…, 1, h) -> (…, h), b2 (…, 1) -> (…)."""
    if "w1" not in params:
        return params
    return {
        "w1": params["w1"].mT.contiguous(),
        "b1": params["b1"],
        "w2": params["w2"].squeeze(-2),
        "b2": params["b2"].squeeze(-1),
    }
