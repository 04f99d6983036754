"""What a user's module does besides computing logits, seen in two calls with a few samples.

A loss is a function of the parameters alone: batches, records and resumed runs depend on that. So a
module that draws numbers, changes its buffers or uses what it does not name is refused.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..core import Params
from ..system.errors import ConfigError
from .file_model import FileModel
from .file_module import owner_of
from .saved import saved_storages

DROPOUTS = (nn.modules.dropout._DropoutNd, nn.RReLU)
"""Modules of torch that draw numbers while they are in training mode."""


def copies(params: Params) -> Params:
    """The same values, in memory of their own."""
    return {name: value.clone() for name, value in params.items()}


def fresh(params: Params) -> Params:
    """Copies that require a gradient."""
    return {name: p.detach().clone().requires_grad_() for name, p in params.items()}


def examined(model: FileModel) -> FileModel:
    """The model with its units and remarks, after two calls that show what it does.

    Raises:
        ConfigError: it is no function of its parameters.
    """
    leaves, X = fresh(model.like), model.sample.clone()
    before, after = copies(model.constants), copies(model.constants)
    apart = replace(model, constants=copies(model.constants))
    versions = [leaf._version for leaf in leaves.values()], X._version
    state = draws(X.device)
    alive = [*leaves.values(), *apart.constants.values(), X]

    def at_the_end(module: nn.Module, inputs: object, answer: object) -> None:
        after.update(copies(dict(module.named_buffers())))

    hook = model.module.register_forward_hook(at_the_end)
    try:
        with torch.enable_grad():
            z, saved, _ = saved_storages(lambda: apart.of_one(X, leaves)["logits"], alive)
    finally:
        hook.remove()
    refuse_changes(model, before, after)
    if versions != ([leaf._version for leaf in leaves.values()], X._version):
        raise ConfigError(
            f"{model.said}: model changes its inputs or parameters in place; write inplace=False, "
            "or work on a copy: x = x.clone()"
        )
    if any(not torch.equal(a, b) for a, b in zip(state, draws(X.device), strict=True)):
        raise ConfigError(f"{model.said}: {randomness(model.module)}")
    refuse_values(model, z)
    again = model.of_one(X, leaves)["logits"]
    if not torch.allclose(again, z, 1e-4, 1e-6):
        raise ConfigError(f"{model.said}: {randomness(model.module)}")
    unused = refuse_foreign(model, z, leaves)
    units = -(-sum(saved.values()) // (z.element_size() * len(X)))
    return replace(model, units=max(1, units), remarks=remarks(model, z, unused))


def draws(device: torch.device) -> list[Tensor]:
    """Where torch's own generators stand."""
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def randomness(module: nn.Module) -> str:
    """What is said of a module that gives another answer at each call."""
    culprits = [
        f"{name} ({type(one).__name__})"
        for name, one in module.named_modules()
        if one.training and isinstance(one, DROPOUTS)
    ]
    who = ", ".join(culprits) or "model"
    return (
        f"{who} draws numbers at each call, which no resumed run could repeat; leave it out, "
        "or write .eval() after it"
    )


def refuse_changes(model: FileModel, before: Params, after: Params) -> None:
    """Nothing, if no buffer has changed.

    Raises:
        ConfigError: one has.
    """
    changed = [name for name, value in before.items() if not torch.equal(after[name], value)]
    if not changed:
        return
    owner = owner_of(changed[0], model.module)
    names = ", ".join(
        name.rpartition(".")[2] for name in changed if owner_of(name, model.module) == owner
    )
    kind = owner.partition("(")[2].rstrip(")")
    instead = (
        f"write {kind}(…, track_running_stats=False), or GroupNorm in its place"
        if "Norm" in kind
        else "compute it anew in forward"
    )
    raise ConfigError(
        f"{model.said}: {owner} changes its {names} at each call, so that the loss is no function "
        f"of the parameters; {instead}"
    )


def refuse_values(model: FileModel, z: Tensor) -> None:
    """Nothing, if logits are finite, in the dtype of the run, and lead back to the parameters.

    Raises:
        ConfigError: they are not.
    """
    dtype = model.sample.dtype
    if z.dtype != dtype:
        theirs, ours = (str(one).removeprefix("torch.") for one in (z.dtype, dtype))
        raise ConfigError(
            f"{model.said}: model returned {theirs}, but the run is {ours}; write dtype={theirs}, "
            "or make no tensor of that dtype in it"
        )
    if not z.isfinite().all():
        raise ConfigError(f"{model.said}: model returned NaN or infinity with its initial weights")
    if not z.requires_grad:
        raise ConfigError(
            f"{model.said}: what model returns does not depend on its parameters through torch; "
            ".item(), .numpy(), .detach() and no_grad() cut it off"
        )


def refuse_foreign(model: FileModel, z: Tensor, leaves: Params) -> list[str]:
    """The parameters that the logits do not depend on.

    Raises:
        ConfigError: they depend on tensors that would have to be trained, but are none of these.
    """
    reached = leaves_of(z)
    own = {id(leaf): name for name, leaf in leaves.items()}
    for leaf in reached:
        if id(leaf) not in own:
            known = {id(p): name for name, p in model.module.named_parameters()}
            what = known.get(id(leaf), f"a tensor {tuple(leaf.shape)}")
            raise ConfigError(
                f"{model.said}: model uses {what} that requires a gradient past its parameters, so "
                "that it would not be trained; make it an attribute of the module: "
                "self.w = torch.nn.Parameter(…), or a ParameterList"
            )
    used = {id(leaf) for leaf in reached}
    return [name for name, leaf in leaves.items() if id(leaf) not in used]


def leaves_of(z: Tensor) -> list[Tensor]:
    """The leaves of the graph that led to a tensor."""
    seen, waiting, found = set(), [z.grad_fn], []
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(leaf := getattr(node, "variable", None), Tensor):
            found.append(leaf)
        waiting += [before for before, _ in node.next_functions]
    return found


def remarks(model: FileModel, z: Tensor, unused: list[str]) -> tuple[str, ...]:
    """What a person should know who may not have meant it."""
    said = []
    if unused:
        said.append(f"{model.said}: the logits do not depend on {', '.join(unused)}")
    last = list(model.module.modules())[-1]
    sums = z.ndim == 2 and torch.allclose(z.sum(1), torch.ones(len(z)).to(z))
    if sums or isinstance(last, nn.Sigmoid | nn.Softmax):
        what = "the outputs add up to 1" if sums else f"the last module is {type(last).__name__}"
        said.append(f"{model.said}: {what}; the loss takes logits, from before sigmoid or softmax")
    return tuple(said)
