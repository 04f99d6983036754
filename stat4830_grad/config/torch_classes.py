"""The classes of torch.optim as this program knows them before it imports torch.

A test compares the options and their defaults with the installed torch.
"""

from __future__ import annotations

from typing import ClassVar, get_args

from msgspec import field

from .fields import Stepped

Option = bool | int | float | str | list[float | None] | None
Options = dict[str, Option]


class Torch(Stepped, frozen=True, kw_only=True):
    """A class of torch.optim."""

    takes: ClassVar[Options]  # what it may be given besides parameters and lr, with its defaults
    batches: ClassVar[bool] = True  # its rule is entrywise, and its step proportional to lr
    evaluates: ClassVar[bool] = False  # it asks for loss and gradient at points of its own
    options: Options = field(default_factory=dict)


class ASGD(Torch, frozen=True, kw_only=True, tag="ASGD"):
    takes: ClassVar[Options] = {
        "lambd": 0.0001,
        "alpha": 0.75,
        "t0": 1000000.0,
        "weight_decay": 0.0,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }
    batches: ClassVar[bool] = False


class Adadelta(Torch, frozen=True, kw_only=True, tag="Adadelta"):
    takes: ClassVar[Options] = {
        "rho": 0.9,
        "eps": 1e-06,
        "weight_decay": 0.0,
        "foreach": None,
        "capturable": False,
        "maximize": False,
        "differentiable": False,
    }


class Adafactor(Torch, frozen=True, kw_only=True, tag="Adafactor"):
    takes: ClassVar[Options] = {
        "beta2_decay": -0.8,
        "eps": [None, 0.001],
        "d": 1.0,
        "weight_decay": 0.0,
        "foreach": None,
        "maximize": False,
    }
    batches: ClassVar[bool] = False


class Adagrad(Torch, frozen=True, kw_only=True, tag="Adagrad"):
    takes: ClassVar[Options] = {
        "lr_decay": 0.0,
        "weight_decay": 0.0,
        "initial_accumulator_value": 0.0,
        "eps": 1e-10,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "fused": None,
    }


class Adam(Torch, frozen=True, kw_only=True, tag="Adam"):
    takes: ClassVar[Options] = {
        "betas": [0.9, 0.999],
        "eps": 1e-08,
        "weight_decay": 0.0,
        "amsgrad": False,
        "foreach": None,
        "maximize": False,
        "capturable": False,
        "differentiable": False,
        "fused": None,
        "decoupled_weight_decay": False,
    }


class AdamW(Torch, frozen=True, kw_only=True, tag="AdamW"):
    takes: ClassVar[Options] = {
        "betas": [0.9, 0.999],
        "eps": 1e-08,
        "weight_decay": 0.01,
        "amsgrad": False,
        "maximize": False,
        "foreach": None,
        "capturable": False,
        "differentiable": False,
        "fused": None,
    }


class Adamax(Torch, frozen=True, kw_only=True, tag="Adamax"):
    takes: ClassVar[Options] = {
        "betas": [0.9, 0.999],
        "eps": 1e-08,
        "weight_decay": 0.0,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }


class LBFGS(Torch, frozen=True, kw_only=True, tag="LBFGS"):
    takes: ClassVar[Options] = {
        "max_iter": 20,
        "max_eval": None,
        "tolerance_grad": 1e-07,
        "tolerance_change": 1e-09,
        "history_size": 100,
        "line_search_fn": None,
        "maximize": False,
    }
    batches: ClassVar[bool] = False
    evaluates: ClassVar[bool] = True


class Muon(Torch, frozen=True, kw_only=True, tag="Muon"):
    takes: ClassVar[Options] = {
        "weight_decay": 0.1,
        "momentum": 0.95,
        "nesterov": True,
        "ns_coefficients": [3.4445, -4.775, 2.0315],
        "eps": 1e-07,
        "ns_steps": 5,
        "adjust_lr_fn": None,
    }
    batches: ClassVar[bool] = False


class NAdam(Torch, frozen=True, kw_only=True, tag="NAdam"):
    takes: ClassVar[Options] = {
        "betas": [0.9, 0.999],
        "eps": 1e-08,
        "weight_decay": 0.0,
        "momentum_decay": 0.004,
        "decoupled_weight_decay": False,
        "foreach": None,
        "maximize": False,
        "capturable": False,
        "differentiable": False,
    }


class RAdam(Torch, frozen=True, kw_only=True, tag="RAdam"):
    takes: ClassVar[Options] = {
        "betas": [0.9, 0.999],
        "eps": 1e-08,
        "weight_decay": 0.0,
        "decoupled_weight_decay": False,
        "foreach": None,
        "maximize": False,
        "capturable": False,
        "differentiable": False,
    }


class RMSprop(Torch, frozen=True, kw_only=True, tag="RMSprop"):
    takes: ClassVar[Options] = {
        "alpha": 0.99,
        "eps": 1e-08,
        "weight_decay": 0.0,
        "momentum": 0.0,
        "centered": False,
        "capturable": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
    }


class Rprop(Torch, frozen=True, kw_only=True, tag="Rprop"):
    takes: ClassVar[Options] = {
        "etas": [0.5, 1.2],
        "step_sizes": [1e-06, 50],
        "capturable": False,
        "foreach": None,
        "maximize": False,
        "differentiable": False,
    }
    batches: ClassVar[bool] = False


class SGD(Torch, frozen=True, kw_only=True, tag="SGD"):
    takes: ClassVar[Options] = {
        "momentum": 0.0,
        "dampening": 0.0,
        "weight_decay": 0.0,
        "nesterov": False,
        "maximize": False,
        "foreach": None,
        "differentiable": False,
        "fused": None,
    }


TorchClass = (
    ASGD
    | Adadelta
    | Adafactor
    | Adagrad
    | Adam
    | AdamW
    | Adamax
    | LBFGS
    | Muon
    | NAdam
    | RAdam
    | RMSprop
    | Rprop
    | SGD
)

CLASSES: dict[str, type[Torch]] = {one.__struct_config__.tag: one for one in get_args(TorchClass)}
