"""Every mistake has its message; what is composed is what conf/ says."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from stat4830_grad.app import register_resolvers
from stat4830_grad.config.arguments import arrange
from stat4830_grad.config.composing import compose as compose_checked
from stat4830_grad.config.help import conf_dir, help_text
from stat4830_grad.config.hydra_versions import COMPOSING
from stat4830_grad.config.load import load, plain
from stat4830_grad.config.messages import explain
from stat4830_grad.config.models import Logistic, TanhMLP
from stat4830_grad.config.problems import Mnist
from stat4830_grad.config.schema import Config, Log
from stat4830_grad.system.errors import ConfigError


def composed(*overrides: str) -> DictConfig:
    register_resolvers()
    with initialize_config_dir(str(conf_dir()), **COMPOSING):
        return compose("config", overrides=list(overrides))


def config(*overrides: str) -> Config:
    return load(plain(composed(*overrides)), overrides)


def test_composing_warns_of_nothing_whichever_hydra_is_installed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        some = composed("problem=polynomial", "optimizer.lr=${logspace:-2,0,3}")
        assert some.optimizer.lr == [0.01, 0.1, 1]


def message(*overrides: str) -> str:
    """What the user is told about a configuration that cannot be run."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 (Hydra's, OmegaConf's and ours)
        config(*(word for word in arrange(overrides) if not word.startswith("-")))
    return str(explain(caught.value, overrides))


def test_the_default_run_needs_no_network() -> None:
    default = config()
    assert (default.task, default.problem.name, default.gradient.name) == (
        "train",
        "digits",
        "backward",
    )
    assert default.model
    assert default.model.name == "logistic"


def test_mnist_defaults_to_the_lectures_protocol() -> None:
    mnist = config("problem=mnist")
    assert isinstance(mnist.problem, Mnist)
    assert isinstance(mnist.model, Logistic)
    assert (mnist.seed, mnist.problem.n_train, mnist.problem.n_val) == (42, 4000, 1000)
    assert (mnist.problem.mean, mnist.problem.std) == (0.1307, 0.3081)
    assert (mnist.optimizer.name, mnist.optimizer.lr, mnist.steps) == ("gd", 0.01, 1000)
    assert (mnist.model.name, mnist.model.bias) == ("logistic", False)
    rows = [t for t in range(1001) if mnist.log.due(t)]
    assert rows[:3] == [0, 1, 11]
    assert rows[-1] == 991


@pytest.mark.parametrize(("every", "first"), [(1, 0), (1, 1), (10, 1), (7, 3), (3, 20), (5, 0)])
def test_the_row_that_follows_is_the_next_that_is_due(every: int, first: int) -> None:
    log = Log(every=every, first=first)
    for t in range(50):
        assert log.following(t) == next(u for u in range(t + 1, 100) if log.due(u))


def test_mlp_is_the_relu_network() -> None:
    assert (
        config("problem=mnist", "model=mlp").model
        == config("problem=mnist", "model=relu_mlp").model
    )


def test_an_experiment_names_several_choices_and_the_command_line_still_wins() -> None:
    chosen = config("experiment=lecture_mlp", "model=tanh_mlp", "model.hidden=[8,4]")
    assert isinstance(chosen.model, TanhMLP)
    assert (chosen.problem.name, chosen.model.name, chosen.model.hidden) == (
        "mnist",
        "tanh_mlp",
        [8, 4],
    )


@pytest.mark.parametrize("file", sorted(conf_dir().glob("*/*.yaml")), ids=lambda f: f.stem)
def test_every_option_in_conf_says_what_it_is(file: Path) -> None:
    text = help_text([])
    assert file.stem in text
    assert f"{file.parent.name}={file.stem}" in help_text([f"{file.parent.name}={file.stem}"])
    comments = [line for line in file.read_text().splitlines() if line.startswith("# ")]
    assert any(not line.startswith("# @") for line in comments)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["steeps=5"], ["no key steeps", "did you mean steps?"]),
        (["problem.xo=5"], ["no key problem.xo", "did you mean problem.x0?", "problem=polynomial"]),
        (["modle=mlp"], ["no key modle", "did you mean model?"]),
        (["problem=mnst"], ["problem=mnst", "did you mean mnist?", "polynomial", "least_squares"]),
        (["optimizer=sgd"], ["optimizer=sgd", "torch_sgd", "adam"]),
        (["problem=polynomial", "problem.n_train=4"], ["problem.n_train", "problem=mnist"]),
        (["foo"], ["foo", "key=value"]),
        (["+extra=3"], ["no key extra"]),
        (["steps=0"], ["steps", ">= 1", "0"]),
        (["steps=-3"], ["steps", ">= 1", "-3"]),
        (["steps=1.5"], ["steps", "whole number", "1.5"]),
        (["steps=many"], ["steps=many", "whole number"]),
        (["optimizer.lr=-0.1"], ["optimizer.lr", "> 0", "-0.1"]),
        (["optimizer.lr=0"], ["optimizer.lr", "> 0"]),
        (["optimizer.lr=nan"], ["optimizer.lr", "nan"]),
        (["optimizer.lr=inf"], ["optimizer.lr", "finite", "inf"]),
        (["optimizer=momentum", "optimizer.beta=1"], ["optimizer.beta", "< 1", "1"]),
        (["problem=polynomial", "problem.x0=nan"], ["problem.x0", "finite", "nan"]),
        (["problem=polynomial", "problem.coefficients=[5]"], ["problem.coefficients"]),
        (["problem=polynomial", "problem.coefficients=[0,5]"], ["constant"]),
        (["problem=polynomial", "model=mlp"], ["takes no model", "relu_mlp"]),
        (["problem=least_squares", "problem.w0=[1]"], ["problem.w0", "1 entries", "problem.p=2"]),
        (["problem=least_squares", "problem.noise=-1"], ["problem.noise", ">= 0", "-1"]),
        (["model.hidden=[8]"], ["model.hidden", "model=relu_mlp"]),
        (["model=mlp", "model.hidden=[]"], ["model.hidden", "length"]),
        (["model=mlp", "model.hidden=[0]"], ["model.hidden", ">= 1"]),
        (["device=tpu"], ["device", "tpu"]),
        (["dtype=float16"], ["dtype", "float16"]),
        (["seed=-1"], ["seed", ">= 0"]),
        (["log.every=0"], ["log.every", ">= 1"]),
        (["resume=nowhere"], ["nowhere", "no such directory"]),
        (["optimizer.lr=???"], ["optimizer.lr", "missing"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_named(overrides: list[str], words: list[str]) -> None:
    text = message(*overrides)
    assert all(word in text for word in words), text
    assert "\n" not in text


def test_no_configuration_names_an_object_of_ours_but_the_check() -> None:
    """Config values choose from registries, so that a config cannot run code."""
    targets = [
        line.strip()
        for file in conf_dir().rglob("*.yaml")
        for line in file.read_text().splitlines()
        if "_target_" in line
    ]
    assert targets == ["_target_: stat4830_grad.config.preflight.CheckFirst"]


def test_nothing_that_checks_a_configuration_imports_torch() -> None:
    code = (
        "import sys, stat4830_grad.app, stat4830_grad.config.help;"
        "assert 'hydra' in sys.modules; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_what_is_typed_is_converted_once(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from stat4830_grad import app\n"
        "from stat4830_grad.config import load\n"
        "calls = {load.parse.__code__: 0, load.plain.__code__: 0}\n"
        "def count(frame, event, argument):\n"
        "    if event == 'call' and frame.f_code in calls: calls[frame.f_code] += 1\n"
        "sys.argv = ['stat4830-grad', 'task=list']\n"
        "sys.setprofile(count)\n"
        "code = app.start()\n"
        "sys.setprofile(None)\n"
        "print(code, list(calls.values()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "0 [1, 2]"  # the options of a sweep are converted on their own


def test_how_data_are_drawn_is_refused_beside_a_table() -> None:
    typed = ["problem=least_squares", "problem.file=t.csv"]
    with pytest.raises(ConfigError, match=r"problem\.n=5 is for drawn data: leave it out, or"):
        compose_checked(*typed, "problem.n=5")
    assert compose_checked(*typed).problem.name == "least_squares"
