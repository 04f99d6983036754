"""The groups that time whole processes: start-up, a lecture's run, peak memory."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from stat4830_grad.data.idx import SETS, find_files, read_verified

from .cases import INPUTS, has_mnist
from .measurement import Line, Result, Sample, Setting, alternate, compare

HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "stat4830_grad"]
IMPORT_TORCH = "python -c 'import torch'"
NO_MNIST = "no MNIST files; set STAT4830_DATA_DIR"
PEAK_OF_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def process(command: Sequence[str], setting: Setting, code: int = 0) -> Sample:
    """Seconds from start to end of a program in a directory of its own.

    Raises (when called):
        RuntimeError: it ends with another exit code.
    """

    def sample() -> float:
        directory = tempfile.mkdtemp(dir=setting.scratch)
        began = time.perf_counter()
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        seconds = time.perf_counter() - began
        if done.returncode != code:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
        return seconds

    return sample


def import_torch(setting: Setting) -> list[str]:
    """The smallest program that can compute on the device."""
    start = "; torch.zeros(1, device='cuda')" if setting.device == "cuda" else ""
    return [sys.executable, "-c", f"import torch{start}"]


def start_up(setting: Setting) -> Result:
    """What a user waits for who asks for nothing large."""
    ours = {
        "problem=polynomial": ([*OURS, "problem=polynomial", f"device={setting.device}"], 0, 1.3),
        "optimizer.lr=-1 (an error)": ([*OURS, "problem=polynomial", "optimizer.lr=-1"], 2, None),
        "--help": ([*OURS, "--help"], 0, None),
    }
    samples = {name: process(words, setting, code) for name, (words, code, _) in ours.items()}
    samples[IMPORT_TORCH] = process(import_torch(setting), setting)
    values = alternate(samples, setting.process_rounds)
    theirs = values[IMPORT_TORCH]
    return Result(
        [
            compare(
                "start-up",
                (name, IMPORT_TORCH),
                (values[name], theirs),
                goal=goal if setting.device == "cpu" else None,
            )
            for name, (_, _, goal) in ours.items()
        ]
    )


def whole_process(setting: Setting) -> Result:
    """problem=mnist model=mlp, 1,000 updates, against a plain script of the lecture's code."""
    group = "whole process"
    if not has_mnist(setting.data_dir):
        return Result([Line(group, "problem=mnist model=mlp", "a script", missing=NO_MNIST)])
    steps = 20 if setting.quick else 1000
    unpacked = unpack(setting)
    data, device = f"data_dir={setting.data_dir}", f"device={setting.device}"
    ours = [*OURS, "problem=mnist", "model=mlp", f"steps={steps}", data, device]
    script = [sys.executable, str(HERE / "lecture.py"), str(unpacked), setting.device]
    script += [str(steps)]
    samples = {
        "mlp, backward": process(ours, setting),
        "mlp, manual": process([*ours, "gradient=manual"], setting),
        "script": process([*script, "curves.png"], setting),
        "mlp, manual, figures=false": process([*ours, "gradient=manual", "figures=false"], setting),
        "script without figure": process(script, setting),
    }
    values = alternate(samples, setting.process_rounds)
    pairs = {
        "mlp, backward": "script",
        "mlp, manual": "script",
        "mlp, manual, figures=false": "script without figure",
    }
    goal = 0.5 if setting.device == "cpu" and not setting.quick else None
    return Result(
        [
            compare(group, pair, (values[pair[0]], values[pair[1]]), goal=goal)
            for pair in pairs.items()
        ]
    )


def unpack(setting: Setting) -> Path:
    """MNIST as torchvision leaves it: unpacked, so that the script need not."""
    source = SETS["mnist"]
    directory = setting.scratch / "torchvision"
    raw = directory / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, path in find_files(source, setting.data_dir).items():
        assert path is not None  # has_mnist looked
        (raw / name).write_bytes(read_verified(source, name, path))
        if path.suffix == ".gz":
            shutil.copy(path, raw)
    return directory


def peak_memory(setting: Setting) -> Result:
    """Megabytes at n = 60,000 against those of the data and of `import torch`."""
    if not has_mnist(setting.data_dir):
        return Result([Line("peak memory", "n=60,000", "data + import", missing=NO_MNIST)])
    size = ["problem=mnist", "problem.n_train=60000", "problem.n_val=0", "steps=3"]
    words = [*OURS, *size, f"data_dir={setting.data_dir}", f"device={setting.device}"]
    samples = {
        f"{model} n=60,000, {method}": peak(
            [*words, f"model={model}", f"gradient={method}"], setting
        )
        for model in ("logistic", "mlp")
        for method in ("manual", "backward")
    }
    samples["import"] = peak(import_torch(setting), setting)
    values = alternate(samples, 1)
    data = 4 * INPUTS * 60_000 / 1e6
    theirs = [data + megabytes for megabytes in values.pop("import")]
    names = f"data ({data:.0f} MB) + import torch"
    goal = 1.3 if setting.device == "cpu" else None
    return Result(
        [
            compare("peak memory", (name, names), (ours, theirs), unit="MB", goal=goal)
            for name, ours in values.items()
        ]
    )


def peak(command: Sequence[str], setting: Setting) -> Sample:
    """Megabytes that a program occupies at most.

    A small process starts it, because Linux starts a child's peak with its parent's size, and the
    benchmark is large.
    """
    unit = 1 if sys.platform == "darwin" else 1024  # bytes; Linux counts in KiB

    def sample() -> float:
        directory = tempfile.mkdtemp(dir=setting.scratch)
        words = [sys.executable, "-c", PEAK_OF_CHILD, *command]
        done = subprocess.run(words, cwd=directory, check=True, capture_output=True, text=True)
        return unit * int(done.stdout) / 1e6

    return sample
