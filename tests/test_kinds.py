"""What is known about a kind stands with it; of one that is unknown nothing is claimed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import get_args

import pytest
import torch
from cases import MODELS, NAMES, OURS, objective, split
from torch import Tensor

from stat4830_grad import optimizers
from stat4830_grad.config import optimizers as choices
from stat4830_grad.config import problems, schema
from stat4830_grad.config.help import conf_dir
from stat4830_grad.config.optimizers import Adam
from stat4830_grad.config.torch_classes import CLASSES
from stat4830_grad.core import Inputs, Model, Params
from stat4830_grad.problems import Classification
from stat4830_grad.problems.models import MLP, Activation, Logistic
from stat4830_grad.tasks.check.trial import recipe_of

OTHER_NAMES = {"mlp": "relu_mlp"}


@pytest.mark.parametrize("part", schema.PARTS)
def test_every_option_has_a_struct_and_every_struct_an_option(part: str) -> None:
    options = {file.stem for file in (conf_dir() / part).glob("*.yaml")}
    tags = {one.__struct_config__.tag for one in get_args(schema.PARTS[part])}
    if part == "optimizer":  # its classes have an option together
        assert set(CLASSES) < tags
        tags = {"torch", *tags} - set(CLASSES)
    assert {OTHER_NAMES.get(option, option) for option in options} == tags


@pytest.mark.parametrize("problem", get_args(problems.Problem))
def test_every_problem_names_the_file_that_builds_it(problem: type[problems.Problem]) -> None:
    assert callable(import_module(f"stat4830_grad.problems.{problem.module}").build)


def test_every_kind_of_ours_has_a_row_in_the_table_of_cases() -> None:
    def names(union: object) -> set[str]:
        return {one.__struct_config__.tag for one in get_args(union)}

    assert names(choices.Rule) | {"torch_sgd"} == set(OURS)
    assert names(schema.PARTS["model"]) - {"file"} <= set(MODELS)
    functions = {one for one in get_args(problems.Problem) if not one.takes_model}
    assert {one.__struct_config__.tag for one in functions} <= set(NAMES)


def test_what_may_vary_within_a_batch_is_marked_where_the_key_is_declared() -> None:
    assert "optimizer.beta2" in schema.per_run_keys()
    assert "model.init_from" in schema.per_run_keys()
    assert "model.hidden" not in schema.per_run_keys()


def test_an_optimizer_that_states_no_convergence_has_no_limit() -> None:
    sign = optimizers.Rule(
        move=lambda p, g, lr, memory, numbers: (p - lr * g.sign(), memory), convergence=None
    )
    assert sign.convergence is None
    assert optimizers.convergence(Adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8)) is None


@dataclass(frozen=True)
class Scaled:
    """A model that the diagnosis knows nothing of: logits = 2 X w."""

    inner: Logistic
    units: int = 1

    def init(self, generator: torch.Generator, d: int) -> Params:
        return self.inner.init(generator, d)

    def logits(self, params: Params, X: Inputs) -> Tensor:
        return 2 * self.inner.logits(params, X)

    def vjp(self, params: Params, X: Inputs) -> tuple[Tensor, Callable[[Tensor], Params]]:
        z, pullback = self.inner.vjp(params, X)
        return 2 * z, lambda dz: pullback(2 * dz)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "file"])
def test_the_diagnosis_knows_mistakes_for_every_problem_and_model(name: str) -> None:
    assert recipe_of(objective(name))[0].mistakes


def test_an_unknown_model_is_not_taken_for_logistic_regression() -> None:
    def kinds(model: Model) -> set[str]:
        f = Classification(model, split(torch.float64))
        return {m.kind for m in recipe_of(f)[0].mistakes}

    assert "factor_forgotten" in kinds(Logistic())
    assert "factor_forgotten" not in kinds(Scaled(Logistic()))
    assert {"sigmoid_forgotten", "label_forgotten", "subset"} <= kinds(Scaled(Logistic()))


def test_an_unknown_activation_is_not_taken_for_relu() -> None:
    softplus = Activation(
        "softplus", torch.nn.functional.softplus, lambda da, a: da * -torch.expm1(-a)
    )
    f = Classification(MLP((4,), softplus), split(torch.float64))
    said = [m.sentence for m in recipe_of(f)[0].mistakes if m.step == "s1"]
    assert any("softplus" in sentence for sentence in said)
    assert not any("the derivative of relu is" in sentence for sentence in said)
