"""What is said of a file for model=file that cannot be used, or may not have been meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Cli
from file_models import CLASS, DIGITS, FORWARD, HEAD, LINEAR, MODELS, experiment, initial, load

from stat4830_grad.gradients.methods import GRADIENTS
from stat4830_grad.system.errors import ConfigError

#  the file's text after its imports, and what is said of it
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
    "inner sizes": ("model = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.Linear(5, 3))",
        "takes no images (n, 1, 6, 6) and no features (n, 36): 2 (Linear) raised RuntimeError"),
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
