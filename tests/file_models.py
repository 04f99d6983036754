"""Files that define `model`, on images small enough for a test."""

from __future__ import annotations

import textwrap
from pathlib import Path

import torch
from cases import EXAMPLES, relative

from stat4830_grad.config.composing import compose
from stat4830_grad.config.models import ModelFile
from stat4830_grad.core import Params
from stat4830_grad.data import ImagePart, Split
from stat4830_grad.gradients.methods import methods_for
from stat4830_grad.problems.environment import Environment
from stat4830_grad.problems.file_classification import FileClassification, classifier
from stat4830_grad.problems.likelihoods import likelihood_of
from stat4830_grad.training.experiment import Experiment, build

MODELS = EXAMPLES.parent / "models"
DIGITS = ("problem=digits", "problem.labels=digit", "problem.n_train=40", "problem.n_val=10")
HEAD = "import torch\nfrom torch import nn\n"
CLASS = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
FORWARD = "    def forward(self, x):\n"
LINEAR = f"{CLASS}        self.w = nn.Parameter(torch.zeros(36, 3))\n{FORWARD}"


def experiment(*words: str) -> Experiment:
    return build([compose(*words, "device=cpu", "dtype=float64")], torch.Size(()))


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
