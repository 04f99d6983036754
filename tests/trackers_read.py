"""What trackers have of a run, read back with what each of them reads it with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Table = dict[int, dict[str, float]]
"""Step -> metric -> value."""


def of_tensorboard(directory: Path) -> tuple[Table, Any]:
    """Scalars, and TensorBoard's reader of the rest."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util import tensor_util

    every = dict.fromkeys(("scalars", "tensors", "histograms", "images"), 0)
    reader = EventAccumulator(str(directory), size_guidance=every)
    reader.Reload()
    found: Table = {}
    for name in reader.Tags()["scalars"]:
        for event in reader.Scalars(name):
            assert name not in found.get(event.step, {}), "logged twice"
            found.setdefault(event.step, {})[name] = event.value
    for name in reader.Tags()["tensors"]:
        if reader.SummaryMetadata(name).plugin_data.plugin_name == "scalars":
            for event in reader.Tensors(name):
                value = tensor_util.make_ndarray(event.tensor_proto).item()
                found.setdefault(event.step, {})[name] = value
    return found, reader


def of_mlflow(store: Any, number: str) -> Table:
    """Every metric's history."""
    found: Table = {}
    for name in store.get_run(number).data.metrics:
        for one in store.get_metric_history(number, name):
            assert name not in found.get(one.step, {}), "logged twice"
            found.setdefault(one.step, {})[name] = one.value
    return found


def of_trackio(project: str, run: str) -> Table:
    """The rows of its database."""
    from trackio.sqlite_storage import SQLiteStorage

    found: Table = {}
    for entry in SQLiteStorage.get_logs(project, run):
        row = found.setdefault(entry["step"], {})
        for name, value in entry.items():
            if isinstance(value, int | float) and name != "step":
                assert name not in row, "logged twice"
                row[name] = value
    return found


def of_wandb(directory: Path) -> tuple[Table, list[Any]]:
    """The rows of an offline run, and all its records."""
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = directory.glob("run-*.wandb")
    records = [Record.FromString(content) for content in logged(file.read_bytes())]
    found: Table = {}
    for record in records:
        if record.WhichOneof("record_type") == "history":
            row = found.setdefault(record.history.step.num, {})
            for item in record.history.item:
                name, value = "/".join(item.nested_key) or item.key, json.loads(item.value_json)
                if isinstance(value, int | float) and not name.startswith("_"):
                    assert name not in row, "logged twice"
                    row[name] = value
    return found, records


def logged(content: bytes) -> Iterator[bytes]:
    """The records of a log as LevelDB writes it, in blocks of 32 KiB: W&B's file, after 7 bytes."""
    at, parts = 7, b""
    while at + 7 <= len(content):
        if (left := -at % 2**15) and left < 7:
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""
