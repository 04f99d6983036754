"""A model in a Python file of the user's, for batches too: by `torch.func.functional_call`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..core import Inputs, Params
from ..system.errors import ConfigError
from ..system.user_file import UserFunction
from .file_module import ModuleFile, weights
from .file_values import default_dtype
from .rows import of_one_run, one_by_one, takes_vmap, together


@dataclass(frozen=True)
class FileModel:
    """Logits of the module that a user's file makes, its parameters named as in `state_dict`.

    The module stays as it was made: `functional_call` puts each run's parameters in its place.
    """

    source: ModuleFile
    module: nn.Module
    like: Params  # the parameters of one run, in the dtype and on the device of the runs
    constants: Params  # buffers and frozen parameters, of all runs
    outputs: int
    sample: Tensor  # some inputs, as the module gets them
    units: int = 0
    remarks: tuple[str, ...] = ()  # what a person should know of it

    @property
    def said(self) -> str:
        """What a message calls the file."""
        return self.source.file.said

    @property
    def weights(self) -> dict[str, int]:
        """Parameters of two or more dimensions; the others are biases and scales."""
        return {name: p.ndim for name, p in self.like.items() if p.ndim > 1}

    def init(self, generator: torch.Generator, d: int) -> Params:
        """The parameters as the file draws them, named as in `state_dict`.

        Raises:
            ConfigError: the file makes another model, or other buffers, than it did first.
        """
        module = self.source.drawn(generator)
        if module is self.module:
            raise ConfigError(f"{self.said}: model must make a new module each time it is called")
        params, constants = weights(module, self.said)
        shapes = {name: p.shape for name, p in params.items()}
        if shapes != {name: p.shape for name, p in self.like.items()}:
            raise ConfigError(f"{self.said}: model has other parameters when it is made again")
        for name, value in self.constants.items():
            if name not in constants or not same(constants[name], value):
                raise ConfigError(
                    f"{self.said}: {name} is not trained, and drawn anew with the weights; draw it "
                    "by a generator of its own: generator=torch.Generator().manual_seed(0)"
                )
        return {name: p.detach().cpu().clone() for name, p in params.items()}

    def logits(self, params: Params, X: Inputs) -> Tensor:
        """(*K, n), or (*K, n, C), of the inputs X in the shape of the sample but for n."""
        assert isinstance(X, Tensor)
        apply = together if of_one_run(params, self.like) or self.vmapped else one_by_one
        return apply(partial(self.of_one, X), params, self.like)["logits"]

    def of_one(self, X: Tensor, params: Params) -> dict[str, Tensor]:
        """The logits of one run."""
        return {"logits": self.as_logits(self.answer(X, params))}

    def answer(self, X: Tensor, params: Params) -> object:
        """What the module returns, with these parameters of one run.

        Raises:
            ConfigError: it raises an error; the message has its line.
        """
        forward = UserFunction("model", self.said, self.source.file.path, self.called)
        if torch.get_default_dtype() == X.dtype:
            return forward(X, params)
        with default_dtype(X.dtype):
            return forward(X, params)

    def called(self, X: Tensor, params: Params) -> object:
        """`model(X)` with other parameters."""
        found: object = functional_call(self.module, {**self.constants, **params}, (X,))
        return found

    def as_logits(self, found: object) -> Tensor:
        """(n,) or (n, C), from (n,), (n, 1) or (n, 2) for two classes, (n, C) for C.

        Of two numbers for two classes the logit is the difference, z₂ − z₁: softmax of the two
        has the same probabilities.

        Raises:
            ConfigError: the module returned something else.
        """
        if isinstance(found, Tensor) and found.is_floating_point():
            if self.outputs == 1:
                if found.ndim == 1:
                    return found
                if found.ndim == 2 and found.shape[1] in (1, 2):
                    return found.squeeze(1) if found.shape[1] == 1 else found[:, 1] - found[:, 0]
            elif found.ndim == 2 and found.shape[1] == self.outputs:
                return found
        raise ConfigError(f"{self.said}: model returned {described(found)}; {self.wanted}")

    @property
    def wanted(self) -> str:
        """What it should return, and how to write that."""
        if self.outputs == 1:
            return (
                "two classes take one logit for each sample, (n,) or (n, 1): end with 1 output "
                "(of images problem.labels=digit has ten classes)"
            )
        return (
            f"{self.outputs} classes take {self.outputs} logits for each sample, "
            f"(n, {self.outputs}): end with {self.outputs} outputs"
        )

    def vjp(self, params: Params, X: Inputs) -> tuple[Tensor, Callable[[Tensor], Params]]:
        """Logits and their pullback, which autograd makes."""
        with torch.enable_grad():
            leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
            z = self.logits(leaves, X)

        def pullback(dz: Tensor) -> Params:
            grads = torch.autograd.grad(
                z, list(leaves.values()), dz, retain_graph=True, materialize_grads=True
            )
            return dict(zip(leaves, grads, strict=True))

        return z.detach(), pullback

    @cached_property
    def vmapped(self) -> bool:
        """Whether vmap takes the module, and makes of two runs what it makes of each."""
        return takes_vmap(partial(self.of_one, self.sample), self.like)

    def notes(self, runs: int) -> list[str]:
        """What is remarkable, and whether the runs of a batch are taken one by one."""
        if runs == 1 or self.vmapped:
            return list(self.remarks)
        one = f"{self.said}: runs go one by one, as torch.func.vmap cannot take this model"
        return [*self.remarks, one]


def same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are equal, in the dtype and on the device of the second."""
    return a.shape == b.shape and torch.equal(a.detach().to(b), b)


def described(found: object) -> str:
    """What a module returned."""
    if not isinstance(found, Tensor):
        return f"a {type(found).__name__}, not a tensor"
    return f"{tuple(found.shape)} of {str(found.dtype).removeprefix('torch.')}"
