"""L12 and L13: the binary classifier with tanh, and the training step with a torch optimizer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...config.composing import compose
from ...config.schema import Config
from ...core import Params
from ...problems import Classification
from .protocol import column, history, single
from .row import Claim, Row, same, value

INPUTS, HIDDEN, STEPS = 784, 32, 50


def classifier_run(*overrides: str) -> Config:
    """The classifier on scikit-learn's digits, which need no download, at 28×28."""
    return compose(
        "problem=digits",
        "problem.n_train=500",
        "problem.n_val=100",
        "model=tanh_mlp",
        f"steps={STEPS}",
        "dtype=float64",
        "device=cpu",
        *overrides,
    )


def shapes() -> Row:
    """L12: Linear(d, h) → tanh → Linear(h, 1) → sigmoid, d = 784, h = 32."""
    config = classifier_run()
    experiment = single(config)
    objective = experiment.objective
    assert isinstance(objective, Classification)
    X, params = objective.data.train.X, experiment.params
    n = len(X)
    layers = as_torch(params)
    outputs = layer_outputs(layers, X)
    ours = torch.sigmoid(objective.model.logits(params, X))
    losses = column([record for _, record in history(experiment, config)], "train_loss")
    first, last = float(losses[0]), float(losses[-1])
    stated = (f"{n}×{HIDDEN}", f"{n}×{HIDDEN}", f"{n}×1", f"{n}×1")
    return Row(
        "L12",
        "The classifier Linear → tanh → Linear → sigmoid",
        (
            value("w₁, b₁ of Linear(784, 32)", "32×784, 32", sizes(params, "w1", "b1")),
            value("w₂, b₂ of Linear(32, 1)", "1×32, 1", sizes(params, "w2", "b2")),
            *(
                value(f"output of {type(layer).__name__}", text, dimensions(output))
                for layer, text, output in zip(layers, stated, outputs, strict=True)
            ),
            same("output, ours and torch.nn's", ours, outputs[-1].squeeze(-1)),
            Claim(
                f"trains: loss in {STEPS} steps", "falls", f"{first:.4f} → {last:.4f}", last < first
            ),
        ),
        details=shape_table(layers, outputs, X),
    )


def as_torch(params: Params) -> nn.Sequential:
    """The same classifier made of torch's own layers, with the same weights."""
    layers = nn.Sequential(
        nn.Linear(INPUTS, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 1), nn.Sigmoid()
    ).double()
    theirs = {"0.weight": "w1", "0.bias": "b1", "2.weight": "w2", "2.bias": "b2"}
    layers.load_state_dict({name: params[ours] for name, ours in theirs.items()})
    return layers


def layer_outputs(layers: nn.Sequential, X: Tensor) -> list[Tensor]:
    """What each layer makes of the inputs X (n, d)."""
    outputs = []
    with torch.no_grad():
        for layer in layers:
            X = layer(X)
            outputs.append(X)
    return outputs


def sizes(params: Params, *names: str) -> str:
    """`32×784, 32`."""
    return ", ".join(dimensions(params[name]) for name in names)


def dimensions(tensor: Tensor) -> str:
    """`32×784`."""
    return "×".join(map(str, tensor.shape))


def shape_table(layers: nn.Sequential, outputs: list[Tensor], X: Tensor) -> str:
    """Markdown: what goes into each layer, its parameters, what comes out."""
    lines = ["| layer | input | parameters | output |", "|---|---|---|---|"]
    before = X
    for layer, output in zip(layers, outputs, strict=True):
        held = ", ".join(f"{name} {dimensions(p)}" for name, p in layer.named_parameters())
        lines.append(f"| {layer} | {dimensions(before)} | {held or '–'} | {dimensions(output)} |")
        before = output
    count = sum(p.numel() for p in layers.parameters())
    return "\n".join([*lines, "", f"{count:,} parameters."])


def training_step() -> Row:
    """L13: forward, zero_grad, backward, step against the update written by hand."""
    by_hand = descend(classifier_run("gradient=manual"))
    by_torch = descend(classifier_run("gradient=backward", "optimizer=torch_sgd"))
    claims = tuple(
        same(f"{name} after each of {STEPS} steps", ours, by_torch[name])
        for name, ours in by_hand.items()
    )
    return Row(
        "L13",
        "The training step with torch.optim.SGD and by hand",
        claims,
        details=(
            "By hand: the gradient as a formula, w ← w − lr ∇f. With torch: forward, zero_grad, "
            "backward, `torch.optim.SGD.step`. Same data, same initial weights, float64."
        ),
    )


def descend(config: Config) -> Params:
    """The parameters after every update, copied: each (steps + 1, …)."""
    experiment = single(config)
    params, state = experiment.params, experiment.optimizer.init(experiment.params)
    path = []
    for _ in range(config.steps + 1):
        path.append({name: p.clone() for name, p in params.items()})
        _, grads = experiment.gradient(experiment.objective, params)
        params, state = experiment.optimizer.update(params, grads, experiment.lr, state)
    return {name: torch.stack([step[name] for step in path]) for name in params}
