"""Models in files of the user's: model=file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import EXAMPLES, relative
from conftest import Cli
from msgspec.structs import replace
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from stat4830_grad.config.composing import compose
from stat4830_grad.config.models import ModelFile
from stat4830_grad.core import Params
from stat4830_grad.data import ImagePart, Split
from stat4830_grad.gradients.methods import GRADIENTS, methods_for
from stat4830_grad.problems.environment import Environment
from stat4830_grad.problems.file_classification import FileClassification, classifier
from stat4830_grad.problems.likelihoods import likelihood_of
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks import check, compare, train
from stat4830_grad.tasks import trace as task_trace
from stat4830_grad.training.experiment import Experiment, build
from stat4830_grad.training.rows import read_rows

MODELS = EXAMPLES.parent / "models"
NAMES = ("cnn", "swish")
DIGITS = ("problem=digits", "problem.labels=digit", "problem.n_train=40", "problem.n_val=10")
HEAD = "import torch\nfrom torch import nn\n"


def images(dtype: torch.dtype, classes: int) -> Split[ImagePart]:
    """Nine images of 6×6 pixels to train on."""
    generator = torch.Generator().manual_seed(3)
    X = torch.randn(9, 36, generator=generator).to(dtype)
    y = torch.randint(0, classes, (9,), generator=generator)
    stored = torch.zeros(9, 6, 6, dtype=torch.uint8)
    part = ImagePart(X, y.to(dtype) if classes == 2 else y, stored, y.to(torch.uint8))
    return Split("made", part, None, None)


def load(
    directory: Path,
    source: str,
    *,
    classes: int = 3,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> FileClassification:
    """The model of a file with this text, on images of 6×6 pixels."""
    path = directory / "net.py"
    path.write_text(HEAD + textwrap.dedent(source), "utf-8")
    generator = torch.Generator().manual_seed(seed)
    where = Environment(generator, torch.device("cpu"), dtype, 42, Path(), "auto")
    choice = ModelFile(path=str(path), init_seed=None, init_from=None)
    target = classifier(choice, images(dtype, classes), likelihood_of(classes), where)
    assert isinstance(target, FileClassification)
    return target


def initial(target: FileClassification, seed: int = 0) -> Params:
    params = target.init(torch.Generator().manual_seed(seed))
    return {name: p.to(target.data.train.X) for name, p in params.items()}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short_and_goes_through_every_task(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = MODELS / f"{name}.py"
    assert len(path.read_text("utf-8").splitlines()) <= 20
    own = (*DIGITS, "model=file", f"model.path={path}", "figures=false", "device=cpu")
    for lr in (0.01, 0.02):
        assert (
            train.run(compose(*own, "steps=6", f"optimizer.lr={lr}"), tmp_path / str(lr), "") == 0
        )
    for task in ("both", "check", "trace"):
        (tmp_path / task).mkdir()
    runs = f"runs=[{tmp_path / '0.01'},{tmp_path / '0.02'}]"
    assert compare.run(compose("task=compare", runs, "figures=false"), tmp_path / "both", "") == 0
    assert check.run(compose(*own, "task=check"), tmp_path / "check", "") == 0
    assert task_trace.run(compose(*own, "task=trace"), tmp_path / "trace", "") == 0
    assert "All gradients agree." in capsys.readouterr().out
    rows = read_rows(tmp_path / "0.01")
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    traced = json.loads((tmp_path / "trace" / "trace.json").read_text("utf-8"))
    leaves = [leaf["name"] for leaf in traced["leaves"]]
    assert ("conv1.weight" in leaves) == (name == "cnn")
    lines = path.read_text("utf-8").splitlines()
    told = {lines[node["line"] - 1].strip() for node in traced["nodes"] if "line" in node}
    swish = "return x * torch.sigmoid(self.beta * x)"
    assert (swish if name == "swish" else "return self.out(features.flatten(1))") in told


def test_a_sweep_over_64_step_sizes_is_one_batch(cli: Cli, tmp_path: Path) -> None:
    words = (*DIGITS, "model=file", f"model.path={MODELS / 'cnn.py'}", "steps=3", "figures=false")
    done = cli(*words, "optimizer.lr=${logspace:-5,-1,64}", "hydra.run.dir=out", "sweep.memory=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "digits · cnn.py · backward · gd · 3 steps · cpu float32: 64 runs in one batch" in (
        done.stdout
    )
    assert len((tmp_path / "out" / "sweep.csv").read_text("utf-8").splitlines()) == 65


def experiment(*words: str) -> Experiment:
    return build([compose(*words, "device=cpu", "dtype=float64")], torch.Size(()))


def plain_loop(net: nn.Module, X: Tensor, y: Tensor, lr: float, steps: int) -> list[float]:
    """As anybody writes it."""
    optimizer, losses = torch.optim.SGD(net.parameters(), lr=lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = cross_entropy(net(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_convolutional_example_is_a_plain_pytorch_loop_digit_for_digit() -> None:
    from stat4830_grad.data import load_images

    words = (*DIGITS, "model=file", f"model.path={MODELS / 'cnn.py'}", "optimizer=torch_sgd")
    ours = experiment(*words, "optimizer.lr=0.1")
    records = list(ours.train(ours.start(), steps=30, due=lambda updates: True))
    torch.manual_seed(42)
    stored = load_images("digits", Path())
    rows = torch.randperm(len(stored.train))[:40]
    space: dict[str, Callable[[int], nn.Module]] = {}
    exec((MODELS / "cnn.py").read_text("utf-8"), space)
    net = space["model"](10).double()
    X = (stored.train[rows].double()[:, None] / 255 - 0.1261) / 0.2657
    losses = plain_loop(net, X, stored.train_labels[rows].long(), 0.1, 30)
    assert [float(record.values["train_loss"]) for _, record in records][:-1] == losses
    state = records[-1][0]
    assert all(torch.equal(state.params[name], p) for name, p in net.state_dict().items())
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_64_runs_in_a_batch_are_64_runs_alone(name: str) -> None:
    words = (*DIGITS, "model=file", f"model.path={MODELS / name}.py", "dtype=float64")
    one = compose(*words, "optimizer=adam", "minibatch=16", "device=cpu")
    jobs = [replace(one, optimizer=replace(one.optimizer, lr=1e-4 * (k + 1))) for k in range(64)]
    together = build(jobs, torch.Size((64,)))
    *_, (batch, record) = together.train(together.start(), steps=5, due=lambda updates: False)
    assert isinstance(together.objective, FileClassification)
    assert together.objective.model.vmapped
    for k in (0, 1, 31, 63):
        single = build([jobs[k]], torch.Size(()))
        *_, (alone, last) = single.train(single.start(), steps=5, due=lambda updates: False)
        for key, p in alone.params.items():
            assert relative(batch.params[key][k], p) < 1e-11
        for key, value in last.values.items():
            assert float(record.values[key][k]) == pytest.approx(float(value), rel=1e-10)


KINDS = {
    "a module": "model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))",
    "a class": """
        class model(nn.Sequential):
            def __init__(self):
                super().__init__(nn.Flatten(), nn.Linear(36, 3))
    """,
    "a function": """
        def model(features, *, outputs, bias=True):
            return nn.Sequential(nn.Flatten(), nn.Linear(features, outputs, bias))
    """,
}


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_drawn_as_torch_draws_them_from_the_seed(kind: str, tmp_path: Path) -> None:
    target = load(tmp_path, KINDS[kind])
    assert list(target.model.like) == ["1.weight", "1.bias"]
    for seed in (0, 5):
        before = torch.get_rng_state()
        params = target.init(generator := torch.Generator().manual_seed(seed))
        assert torch.equal(torch.get_rng_state(), before)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            theirs = nn.Linear(36, 3)
            assert torch.equal(torch.get_rng_state(), generator.get_state())
        assert torch.equal(params["1.weight"], theirs.weight)
        assert torch.equal(params["1.bias"], theirs.bias)


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ("model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))", (9, 1, 6, 6)),
        ("model = nn.Linear(36, 3)", (9, 36)),
        ("model = nn.Sequential(nn.Conv2d(1, 3, 6), nn.Flatten())", (9, 1, 6, 6)),
        ('inputs = "features"\nmodel = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))', (9, 36)),
    ],
)
def test_a_model_gets_images_if_it_takes_them_else_features(
    source: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    assert load(tmp_path, source).data.train.X.shape == shape


@pytest.mark.parametrize(
    ("outputs", "ending"), [(1, ""), (1, "nn.Flatten(0),"), (2, "")], ids=["(n, 1)", "(n,)", "2"]
)
def test_two_classes_take_one_logit_or_two(outputs: int, ending: str, tmp_path: Path) -> None:
    source = f"model = nn.Sequential(nn.Linear(36, {outputs}), {ending})"
    target = load(tmp_path, source, classes=2)
    params, X, y = initial(target), target.data.train.X, target.data.train.y
    z = X @ params["0.weight"].mT + params["0.bias"]
    right = (
        cross_entropy(z, y.long()) if outputs == 2 else binary_cross_entropy_with_logits(z[:, 0], y)
    )
    assert float(target.loss(params)) == pytest.approx(float(right), rel=1e-12)
    both = {name: torch.stack([p, 2 * p]) for name, p in params.items()}
    assert target.loss(both).shape == (2,)


def agree(target: FileClassification, params: Params, count: int) -> None:
    """Every method's gradients are the same, and those of a batch those of its runs."""
    found = [method(target, params) for method in methods_for(target).values()]
    assert len(found) == count
    for loss, grads in found:
        assert torch.equal(loss, found[0][0])
        assert all(relative(g, found[0][1][name]) < 1e-12 for name, g in grads.items())
    rows = {name: torch.stack([p, 0.5 * p, -p]) for name, p in params.items()}
    for method in methods_for(target).values():
        losses, grads = method(target, rows)
        for k in range(3):
            loss, alone = method(target, {name: p[k] for name, p in rows.items()})
            assert relative(losses[k], loss) < 1e-12
            assert all(relative(grads[name][k], g) < 1e-12 for name, g in alone.items())


BRANCHES = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(36, 3))

        def forward(self, x):
            return x @ self.w if self.w[0, 0] > 0 else 2 * x @ self.w

    model = Net()
"""


def test_what_vmap_cannot_take_goes_row_by_row_with_a_line_that_says_so(tmp_path: Path) -> None:
    target = load(tmp_path, BRANCHES)
    agree(target, initial(target), 2)
    (note,) = target.notes(3)
    assert "runs go one by one, as torch.func.vmap cannot take this model" in note
    assert target.notes(1) == []
    assert load(tmp_path, KINDS["a class"]).notes(3) == []


RIGHT = {
    "shared": """
        class model(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(36, 36), nn.Linear(36, 36)
                self.b.weight = self.a.weight
                self.out = nn.Linear(36, 3)

            def forward(self, x):
                return self.out(torch.tanh(self.b(torch.tanh(self.a(x)))))
    """,
    "in place": "model = nn.Sequential(nn.Linear(36, 5), nn.ReLU(inplace=True), nn.Linear(5, 3))",
    "frozen": """
        model = nn.Sequential(nn.Linear(36, 5), nn.Tanh(), nn.Linear(5, 3)).requires_grad_(False)
        model[2].requires_grad_(True)
    """,
    "double": "model = nn.Linear(36, 3).double()",
    "groups": "model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.Flatten(), "
    "nn.Linear(64, 3))",
    "batch norm": "model = nn.Sequential(nn.Linear(36, 5, False), "
    "nn.BatchNorm1d(5, track_running_stats=False), nn.Linear(5, 3))",
    "evaluated": "model = nn.Sequential(nn.BatchNorm1d(36), nn.Dropout(), nn.Linear(36, 3)).eval()",
    "a buffer": """
        class model(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("scale", torch.full((36,), 0.5), persistent=False)
                self.w = nn.Parameter(torch.zeros(36, 3))

            def forward(self, x):
                return (x * self.scale + torch.ones(36)) @ self.w
    """,
    "pooled": "model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.Flatten(), "
    "nn.Linear(12, 3))",
    "attention": """
        class model(nn.Module):
            def __init__(self):
                super().__init__()
                self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
                self.out = nn.Linear(6, 3)

            def forward(self, images):
                x = images.squeeze(1)
                return self.out(self.attention(x, x, x)[0].mean(1))
    """,
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", RIGHT)
def test_what_modules_do_is_done_for_every_run_of_a_batch(
    kind: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    target = load(tmp_path, RIGHT[kind], dtype=dtype)
    params = initial(target)
    module = target.model.source.drawn(torch.Generator().manual_seed(0)).to(dtype)
    theirs = module(target.data.train.X.clone())
    loss = cross_entropy(theirs, target.data.train.y)
    assert torch.equal(target.loss(params), loss.detach())
    loss.backward()
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    assert trained.keys() == params.keys()
    _, grads = GRADIENTS["backward"](target, params)
    for name, p in trained.items():
        assert p.grad is not None
        assert relative(grads[name], p.grad) < 100 * torch.finfo(dtype).eps
    if dtype is torch.float64:
        agree(target, params, 2)


BY_HAND = """
    class model(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.randn(36, 3))
            self.out = nn.Linear(3, 3, bias=False)

        def forward(self, x):
            return self.out(x @ self.w)

    def gradient(params, X, y, w):
        V = params["out.weight"]
        P = torch.softmax(X @ w @ V.T, 1)
        error = (P - nn.functional.one_hot(y, 3)) / len(y)
        return {"w": X.T @ error @ V, "out.weight": error.T @ X @ w}
"""


def test_a_gradient_by_hand_is_used_and_checked(tmp_path: Path) -> None:
    target = load(tmp_path, BY_HAND)
    agree(target, initial(target), 3)
    assert target.vmapped
    without = load(tmp_path, KINDS["a class"])
    assert "manual" not in methods_for(without)
    with pytest.raises(ConfigError, match="defines no function gradient; write gradient=backward"):
        GRADIENTS["manual"](without, initial(without))


def test_a_penalty_is_on_parameters_of_two_or_more_dimensions(tmp_path: Path) -> None:
    source = RIGHT["groups"]
    plain = load(tmp_path, source)
    params = initial(plain)
    target = plain.penalised(torch.tensor(0.5, dtype=torch.float64))
    squares = sum(float(params[name].square().sum()) for name in ("0.weight", "3.weight"))
    expected = float(plain.loss(params)) + 0.25 * squares
    assert float(target.loss(params)) == pytest.approx(expected, rel=1e-12)
    by_hand = load(tmp_path, BY_HAND).penalised(torch.tensor(0.5, dtype=torch.float64))
    agree(by_hand, initial(by_hand), 3)
    flat = load(
        tmp_path,
        f"{LINEAR.replace('36, 3', '36')}        return x @ self.w\nmodel = Net",
        classes=2,
    )
    with pytest.raises(ConfigError, match="has no parameter of two or more dimensions"):
        flat.penalised(torch.tensor(0.5, dtype=torch.float64))


def test_a_gradient_in_another_file_is_told_what_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, gradient = tmp_path / "net.py", tmp_path / "mine.py"
    model.write_text(f"{HEAD}model = nn.Linear(784, 10, bias=False)\n", "utf-8")
    gradient.write_text(
        "import torch\ndef gradient(params, X, y):\n"
        "    return torch.softmax(X @ params['weight'].T, 1).T @ X / len(y)\n",
        "utf-8",
    )
    words = (*DIGITS, "model=file", f"model.path={model}", "gradient=file", "task=check")
    assert check.run(compose(*words, f"gradient.path={gradient}"), tmp_path, "") == 5
    assert "weight: the labels are forgotten" in capsys.readouterr().out


#  the file's text after its imports, and what is said of it
CLASS = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
FORWARD = "    def forward(self, x):\n"
LINEAR = f"{CLASS}        self.w = nn.Parameter(torch.zeros(36, 3))\n{FORWARD}"
MISTAKES = {
    "no model": ("x = 1", "does not define model; write model = torch.nn.Sequential"),
    "another name": (f"{LINEAR}        return x @ self.w", "write model = Net"),
    "a number": ("model = 3", "model is a int; it must be a torch.nn.Module"),
    "another thing": ("def model(): return 3", "model is a int; it must be a torch.nn.Module"),
    "arguments": (f"{LINEAR.replace('(self)', '(self, width)', 1)}        return x\nmodel = Net",
        "model asks for width, but is offered features, outputs; give width a default"),
    "no Python": ("model = (", "line 3 is not Python: '(' was never closed"),
    "a line": ("model = nn.Linar(3, 4)", "line 3 raised AttributeError"),
    "in the class": (f"{CLASS}        self.a = nope\nmodel = Net", "line 6 raised NameError"),
    "in forward": (f"{LINEAR}        return nope\nmodel = Net", "line 8 raised NameError"),
    "no forward": (f"{CLASS}        self.w = nn.Parameter(torch.zeros(2))\nmodel = Net",
        'is missing the required "forward" function'),
    "inputs": ("model = nn.Linear(35, 3)", "takes no images (n, 1, 6, 6): "),
    "outputs": ("model = nn.Linear(36, 4)", "returned (5, 4) of float64; 3 classes take 3 logits"),
    "one output": ("model = nn.Linear(36, 1)", "(n, 3): end with 3 outputs"),
    "a tuple": (f"{LINEAR}        return x, x\nmodel = Net", "returned a tuple, not a tensor"),
    "complex": (f"{LINEAR}        return (x @ self.w) * 1j\nmodel = Net", "complex128; 3 classes"),
    "samples": (f"{LINEAR}        return x[:2] @ self.w\nmodel = Net", "with n = 5"),
    "batch norm": ("model = nn.Sequential(nn.Conv2d(1, 3, 6), nn.BatchNorm2d(3), nn.Flatten())",
        "1 (BatchNorm2d) changes its running_mean, running_var, num_batches_tracked at each call"),
    "dropout": ("model = nn.Sequential(nn.Linear(36, 3), nn.Dropout(0.1))",
        "1 (Dropout) draws numbers at each call"),
    "functional dropout": (f"{LINEAR}        return nn.functional.dropout(x @ self.w)\nmodel = Net",
        "model draws numbers at each call"),
    "own numbers": (f"import random\n{LINEAR}        return x @ (self.w + random.random())\n"
        "model = Net", "model draws numbers at each call"),
    "no parameters": ("model = nn.Flatten()", "has no parameters that require a gradient"),
    "frozen": ("model = nn.Linear(36, 3).requires_grad_(False)", "no parameters that require"),
    "complex weights": ("model = nn.Linear(36, 3, dtype=torch.complex64)", "weight is complex"),
    "lazy": ("model = nn.Sequential(nn.LazyLinear(3))",
        "0 (LazyLinear) has no shape before its first call; write torch.nn.Linear(…)"),
    "meta": ("model = nn.Linear(36, 3, device='meta')", "weight is on the device meta"),
    "never filled": (LINEAR.replace("zeros", "empty") + "        return x @ self.w\nmodel = Net",
        "w is not finite at the start; was torch.empty(…) never filled?"),
    "nan": (f"{LINEAR}        return (x @ self.w) / 0\nmodel = Net", "returned NaN or infinity"),
    "cut off": (f"{LINEAR}        return (x @ self.w).detach()\nmodel = Net",
        "does not depend on its parameters through torch"),
    "another dtype": (f"{LINEAR}        return (x @ self.w).float()\nmodel = Net",
        "returned float32, but the run is float64"),
    "inputs in place": (f"{LINEAR}        return x.mul_(2) @ self.w\nmodel = Net",
        "changes its inputs or parameters in place"),
    "weights in place": (f"{LINEAR}        with torch.no_grad():\n            self.w.clamp_(0)\n"
        "        return x @ self.w\nmodel = Net", "changes its inputs or parameters in place"),
    "past the module": (f"{CLASS}        self.w = nn.Parameter(torch.ones(()))\n"
        f"        self.all = [nn.Parameter(torch.zeros(36, 3).double())]\n{FORWARD}"
        "        return self.w * x @ self.all[0]\nmodel = Net",
        "uses a tensor (36, 3) that requires a gradient past its parameters"),
    "at module level": (f"W = nn.Parameter(torch.zeros(36, 3).double())\n{LINEAR}"
        "        return x @ self.w + x @ W\nmodel = Net",
        "uses a tensor (36, 3) that requires a gradient past its parameters"),
    "a reassigned buffer": (f"{CLASS}        self.w = nn.Parameter(torch.zeros(36, 3))\n"
        f"        self.register_buffer('mean', torch.zeros(36))\n{FORWARD}"
        "        self.mean = 0.9 * self.mean + 0.1 * x.mean(0)\n"
        "        return x @ self.w\nmodel = Net",
        "model (Net) changes its mean at each call, so that the loss is no function"),
    "a reserved name": (f"{CLASS}        self.y = nn.Parameter(torch.zeros(36, 3))\n{FORWARD}"
        "        return x @ self.y\nmodel = Net", "no parameter can be called y"),
    "other inputs": ('inputs = "sequence"\nmodel = nn.Linear(36, 3)',
        'this problem has inputs = "images" or inputs = "features"'),
}  # fmt: skip


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_told_with_what_to_write(kind: str, tmp_path: Path) -> None:
    source, said = MISTAKES[kind]
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, source)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"model.path={tmp_path / 'net.py'}")


DRAWN = """
    class model(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("R", torch.randn(36, 4))
            self.w = nn.Parameter(torch.zeros(4, 3))

        def forward(self, x):
            return torch.tanh(x @ self.R) @ self.w
"""


def test_a_buffer_goes_by_the_seed_and_not_by_that_of_the_weights(tmp_path: Path) -> None:
    target = load(tmp_path, DRAWN, seed=0)
    assert torch.equal(target.model.constants["R"], load(tmp_path, DRAWN).model.constants["R"])
    target.init(torch.Generator().manual_seed(0))
    with pytest.raises(ConfigError, match="R is not trained, and drawn anew with the weights"):
        target.init(torch.Generator().manual_seed(1))
    own = "torch.randn(36, 4, generator=torch.Generator().manual_seed(0))"
    target = load(tmp_path, DRAWN.replace("torch.randn(36, 4)", own))
    target.init(torch.Generator().manual_seed(1))


def test_the_same_module_twice_is_no_draw_of_weights(tmp_path: Path) -> None:
    target = load(tmp_path, "net = nn.Linear(36, 3)\ndef model(): return net")
    with pytest.raises(ConfigError, match="model must make a new module each time it is called"):
        initial(target)


@pytest.mark.parametrize("end", ["nn.Softmax(1)", "nn.Sigmoid()"])
def test_probabilities_in_the_place_of_logits_are_remarked(end: str, tmp_path: Path) -> None:
    (note,) = load(tmp_path, f"model = nn.Sequential(nn.Linear(36, 3), {end})").notes(1)
    assert "the loss takes logits, from before sigmoid or softmax" in note


def test_a_parameter_that_is_not_used_is_remarked(tmp_path: Path) -> None:
    source = LINEAR.replace("self.w =", "self.spare = nn.Linear(2, 2); self.w =")
    target = load(tmp_path, f"{source}        return x @ self.w\nmodel = Net")
    (note,) = target.notes(1)
    assert "the logits do not depend on spare.weight, spare.bias" in note
    _, grads = GRADIENTS["backward"](target, initial(target))
    assert not grads["spare.weight"].any()


def test_cut_and_resumed_it_has_the_same_bits_and_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text((MODELS / "cnn.py").read_text("utf-8"), "utf-8")
    words = (*DIGITS, "model=file", f"model.path={path}", "minibatch=16", "optimizer=adam")
    config = compose(*words, "figures=false", "steps=7", "log.every=1", "device=cpu")
    a, b = tmp_path / "a", tmp_path / "b"
    assert train.run(replace(config, steps=3), a, "") == 0
    assert train.run(replace(config, resume=str(a)), a, "") == 0
    assert train.run(config, b, "") == 0
    ends = [torch.load(one / "checkpoint.pt")["params"] for one in (a, b)]
    assert all(torch.equal(ends[0][name], p) for name, p in ends[1].items())
    rows = [[{**row, "seconds": 0} for row in read_rows(one)] for one in (a, b)]
    assert rows[0] == rows[1]
    assert config.model is not None
    weights = str(b / "initial_weights.pt")
    repeated = replace(config, model=replace(config.model, init_from=weights, init_seed=5))
    assert all(
        torch.equal(p, torch.load(weights)[name])
        for name, p in build([repeated], torch.Size(())).params.items()
    )
    path.write_text(path.read_text("utf-8").replace("relu", "tanh"), "utf-8")
    with pytest.raises(ConfigError, match=r"model\.path=.*net\.py is not the file it was"):
        train.run(replace(config, resume=str(a), steps=9), a, "")


def test_on_the_command_line_a_mistake_is_one_line_and_leaves_nothing(
    cli: Cli, tmp_path: Path
) -> None:
    path = tmp_path / "net.py"
    path.write_text(f"{HEAD}model = nn.Linear(9, 10)\n", "utf-8")
    done = cli(*DIGITS, "model=file", "model.path=net.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "error: model.path=net.py: model takes no images (n, 1, 28, 28): "
    )
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [path]


def test_a_file_that_is_not_named_or_not_there_is_told(tmp_path: Path) -> None:
    told = {
        ("model=file",): "model.path: a value is missing; write model.path=FILE.py",
        ("model=net.py",): "write model=file model.path=net.py",
        ("model=file", f"model.path={tmp_path / 'nte.py'}"): "nte.py",
        ("model=file", f"model.path={tmp_path}"): "directory",
        ("model=file", f"model.path={MODELS / 'cnn.py'}", "products=compiled"): (
            "model=file takes tensors; leave products out"
        ),
    }
    for words, said in told.items():
        with pytest.raises(ConfigError) as caught:
            experiment(*DIGITS, *words)
        assert said in str(caught.value)


def test_a_table_offers_features(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30, 4))
    rows = [",".join([*map(repr, x.tolist()), str(int(x[0] > 0))]) for x in X]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,d,y", *rows]) + "\n", "utf-8")
    path = MODELS / "swish.py"
    words = ("problem=table", f"problem.file={tmp_path / 't.csv'}", "problem.intercept=false")
    one = experiment(*words, "model=file", f"model.path={path}", "model.init_seed=3")
    assert one.params["0.weight"].shape == (16, 4)
    *_, (_, record) = one.train(one.start(), steps=300, due=lambda updates: False)
    assert float(record.values["train_accuracy"]) > 0.9


def test_on_mnist_it_is_the_plain_loop_digit_for_digit(mnist_dir: Path) -> None:
    words = ("problem=mnist", "problem.labels=digit", "problem.n_train=200", "problem.n_val=1")
    path = MODELS / "cnn.py"
    ours = experiment(
        *words, f"data_dir={mnist_dir}", "model=file", f"model.path={path}", "optimizer=torch_sgd"
    )
    assert isinstance(ours.objective, FileClassification)
    records = list(ours.train(ours.start(), steps=10, due=lambda updates: True))
    torch.manual_seed(42)
    torch.randperm(60_000)
    space: dict[str, Callable[[int], nn.Module]] = {}
    exec(path.read_text("utf-8"), space)
    train = ours.objective.data.train
    losses = plain_loop(space["model"](10).double(), train.X, train.y, 0.01, 10)
    assert [float(record.values["train_loss"]) for _, record in records][:-1] == losses
