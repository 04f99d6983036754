"""Models in files of the user's: model=file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import relative
from conftest import Cli
from file_models import DIGITS, HEAD, LINEAR, MODELS, agree, experiment, initial, load
from msgspec.structs import replace
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from stat4830_grad.config.composing import compose
from stat4830_grad.gradients.methods import GRADIENTS, methods_for
from stat4830_grad.problems.file_classification import FileClassification
from stat4830_grad.system.errors import ConfigError
from stat4830_grad.tasks import check, compare, train
from stat4830_grad.tasks import trace as task_trace
from stat4830_grad.tasks.check.costs import cost_card
from stat4830_grad.tasks.check.study import study
from stat4830_grad.training.experiment import build
from stat4830_grad.training.rows import read_rows

NAMES = ("cnn", "swish")


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
    few = "problem.n_train=8"
    assert check.run(compose(*own, "task=check", few), tmp_path / "check", "") == 0
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
    said = {node["expression"] for node in traced["nodes"]}
    assert ("1.beta·x" if name == "swish" else "convolution(X, conv1.weight, conv1.bias)") in said


def test_a_sweep_over_64_step_sizes_is_one_batch(cli: Cli, tmp_path: Path) -> None:
    words = (*DIGITS, "model=file", f"model.path={MODELS / 'cnn.py'}", "steps=3", "figures=false")
    done = cli(*words, "optimizer.lr=${logspace:-5,-1,64}", "hydra.run.dir=out", "sweep.memory=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "digits · cnn.py · backward · gd · 3 steps · cpu float32: 64 runs in one batch" in (
        done.stdout
    )
    assert len((tmp_path / "out" / "sweep.csv").read_text("utf-8").splitlines()) == 65


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


SUMMED = """
    def gradient(params, X, y):
        own = {name: p.detach().requires_grad_() for name, p in params.items()}
        z = nn.functional.conv2d(X, own["0.weight"], own["0.bias"], stride=5).flatten(1)
        z = z @ own["2.weight"].T + own["2.bias"]
        f = nn.functional.cross_entropy(z, y, reduction="sum")
        return dict(zip(own, torch.autograd.grad(f, list(own.values()))))
"""


def test_a_gradient_in_another_file_gets_images_and_is_told_what_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, gradient = tmp_path / "net.py", tmp_path / "mine.py"
    layers = "nn.Conv2d(1, 2, 8, stride=5), nn.Flatten(), nn.Linear(50, 10)"
    model.write_text(f"{HEAD}model = nn.Sequential({layers})\n", "utf-8")
    gradient.write_text(HEAD + textwrap.dedent(SUMMED), "utf-8")
    words = (*DIGITS, "model=file", f"model.path={model}", "gradient=file", "task=check")
    assert check.run(compose(*words, f"gradient.path={gradient}"), tmp_path, "") == 5
    assert "is n (n = 40) times the right gradient" in " ".join(capsys.readouterr().out.split())


CLIP = """
    class Clip(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.clamp(-1, 1)

        @staticmethod
        def backward(ctx, g):
            return g * (ctx.saved_tensors[0].abs() < 1)

    class model(nn.Linear):
        def __init__(self):
            super().__init__(36, 3)

        def forward(self, x):
            return Clip.apply(super().forward(x))
"""


def test_without_forward_mode_the_others_are_checked(tmp_path: Path) -> None:
    double = load(tmp_path, CLIP)
    single = load(tmp_path, CLIP, dtype=torch.float32)
    params = {name: p.float() for name, p in initial(double).items()}
    found = study(double, single, params, seed=0)
    assert found.agree
    methods = {name for pair in found.pairs["float64"] for name in (pair.a, pair.b)}
    assert methods == {"backward", "autograd_grad", "central"}
    card = cost_card(single, params, methods_for(single), by_forward=found.by_forward)
    assert [row.method for row in card] == ["backward", "autograd_grad", "central"]


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
