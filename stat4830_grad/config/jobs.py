"""Jobs: the single runs a sweep consists of, and which of them train together."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from ..system.errors import ConfigError, UserError
from .commands import command
from .lists import Assignment, assignments, swept_lists
from .load import parse
from .schema import Config, per_run_keys
from .values import written

NAME_LENGTH = 120
"""Longest name of a job's directory, in characters."""


@dataclass(frozen=True)
class Job:
    """One single run of a sweep."""

    number: int
    name: str  # of its directory in the sweep's; sorts by number
    swept: Assignment  # swept key -> value
    overrides: tuple[str, ...]  # the command line that repeats it alone
    base: dict[str, Any]  # a plain configuration, unchecked, that it shares with others
    changes: Assignment = field(default_factory=dict)  # dotted key -> what it has instead

    @property
    def raw(self) -> dict[str, Any]:
        """Its configuration, unchecked. Parts of it are shared: it is to be read only."""
        return changed(self.base, self.changes)

    @property
    def command(self) -> str:
        """The exact command that repeats this job alone."""
        return command(self.overrides)

    def config(self) -> Config:
        """Its configuration, checked when first asked for.

        Raises:
            ConfigError: it cannot be run.
        """
        return self._checked

    @cached_property
    def _checked(self) -> Config:
        return parse(self.raw)


@dataclass(frozen=True)
class Stem:
    """A command line and what it composes to; lists in it make several jobs of it."""

    overrides: Sequence[str]
    base: dict[str, Any]  # a plain configuration, unchecked, that it shares with others
    changes: Assignment = field(default_factory=dict)  # dotted key -> what it has instead


def make_jobs(stems: Sequence[Stem], first_number: int = 0) -> list[Job]:
    """The jobs of a sweep, numbered in order.

    Raises:
        ConfigError: the lists of a stem cannot be combined.
    """
    varying = varying_keys([stem.overrides for stem in stems])
    found: list[tuple[Assignment, tuple[str, ...], dict[str, Any], Assignment]] = []
    lists_of = Lists()
    for stem in stems:
        if stem.base.get("resume") is not None:
            raise ConfigError("resume goes on with one run; a sweep is resumed by sweep.resume=DIR")
        own = [override for override in stem.overrides if not override.startswith("sweep.")]
        texts = {key_of(override): override.partition("=")[2] for override in own}
        lists = lists_of(stem, list(texts))
        paired = bool((stem.base.get("sweep") or {}).get("zip"))
        for assignment in assignments(lists, paired=paired):
            changes = {**stem.changes, **assignment}
            between = {
                key: changes[key]
                if key in changes
                else value_at(stem.base, key, texts.get(key, ""))
                for key in varying
            }
            found.append(({**between, **assignment}, repeated(own, assignment), stem.base, changes))
    if not found:
        raise ConfigError("a list of values is empty, so that there is nothing to run")
    width = max(3, len(str(first_number + len(found) - 1)))
    return [
        Job(number, directory_name(number, width, swept), swept, overrides, base, changes)
        for number, (swept, overrides, base, changes) in enumerate(found, start=first_number)
    ]


class Lists:
    """The lists in the configurations of stems; a base without any is searched once."""

    def __init__(self) -> None:
        self._without: dict[int, dict[str, Any]] = {}  # id of a base -> that base

    def __call__(self, stem: Stem, order: Sequence[str]) -> dict[str, list[Any]]:
        """Every key of a stem that holds several values, those named in `order` first."""
        if id(stem.base) in self._without and not any(
            isinstance(value, list) for value in stem.changes.values()
        ):
            return {}
        found = swept_lists(changed(stem.base, stem.changes), order)
        if not swept_lists(stem.base):
            self._without[id(stem.base)] = stem.base
        return found


def is_sweep(raw: dict[str, Any]) -> bool:
    """Whether a plain run's configuration asks for several runs."""
    return raw.get("task") == "train" and raw.get("resume") is None and bool(swept_lists(raw))


def key_of(override: str) -> str:
    """`++optimizer.lr=1` -> optimizer.lr."""
    return override.partition("=")[0].lstrip("+~")


def varying_keys(many: Sequence[Sequence[str]]) -> list[str]:
    """Keys that some of the command lines give another value than others."""
    texts = [{key_of(o): o for o in overrides} for overrides in many]
    keys = dict.fromkeys(key for text in texts for key in text if not key.startswith("sweep."))
    return [key for key in keys if len({text.get(key) for text in texts}) > 1]


def changed(raw: dict[str, Any], changes: Assignment) -> dict[str, Any]:
    """A configuration with other values, and nothing about the sweep; what stays is shared."""
    single = {key: part for key, part in raw.items() if key != "sweep"}
    for key, value in changes.items():
        *groups, last = key.split(".")
        part = single
        for group in groups:
            part[group] = dict(part[group])
            part = part[group]
        part[last] = value
    return single


def value_at(raw: dict[str, Any], key: str, text: str) -> Any:
    """The value at a dotted key; `text` where the key names a group (model=mlp)."""
    value: Any = raw
    for part in key.split("."):
        value = value.get(part, {}) if isinstance(value, dict) else {}
    return text if isinstance(value, dict) else value


def repeated(overrides: Sequence[str], assignment: Assignment) -> tuple[str, ...]:
    """`overrides` with a job's own value in the place of each list."""
    others = [o for o in overrides if key_of(o) not in assignment]
    return (*others, *(f"{key}={written(value)}" for key, value in assignment.items()))


def directory_name(number: int, width: int, swept: Assignment) -> str:
    """`007_lr_0.3162__model_mlp`: sortable, safe in any file system, read by Hydra unquoted.

    The number alone tells the jobs of a sweep apart; the values are rounded, for people.
    """
    words = "__".join(f"{short(key, list(swept))}_{rounded(value)}" for key, value in swept.items())
    safe = re.sub(r"[^\w.+-]+", "-", words, flags=re.ASCII)
    return f"{number:0{width}d}_{safe}"[:NAME_LENGTH].rstrip("_-.,")


def short(key: str, keys: Sequence[str]) -> str:
    """The last word of a key, where no other key ends with it."""
    key = key.removesuffix(".name")
    last = key.rpartition(".")[2]
    return last if sum(k.rpartition(".")[2] == last for k in keys) == 1 else key


def rounded(value: object) -> str:
    """Floats to four digits; of a file its name."""
    if isinstance(value, str) and "/" in value:
        return Path(value).name
    return f"{value:.4g}" if isinstance(value, float) else written(value)


def sort_out(jobs: Sequence[Job]) -> tuple[list[Job], dict[str, UserError]]:
    """The jobs that can be run, and why the others cannot, by name.

    Raises:
        ConfigError: no job can be run.
    """
    errors: dict[str, UserError] = {}
    for job in jobs:
        try:
            job.config()
        except ConfigError as error:
            errors[job.name] = error
    if jobs and len(errors) == len(jobs):
        raise errors[jobs[0].name]
    return [job for job in jobs if job.name not in errors], errors


def group(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs that may train together, in order: equal but for what rows can carry."""
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        config = job.config()
        # Other tasks, and optimizers that train one run at a time, have groups of one.
        batches = config.task == "train" and config.optimizer.batches
        key = common(config) if batches else job.name
        groups.setdefault(key, []).append(job)
    return list(groups.values())


def common(config: Config) -> str:
    """Everything about a configuration but what rows can carry, as text.

    Runs of one batch log the same columns, so all of them have a penalty or none has; a step size
    that changes likewise.
    """
    logs = {"penalised": config.problem.penalty > 0, "scheduled": config.optimizer.scheduled}
    tree = {**msgspec.to_builtins(config), **logs}
    for key in per_run_keys():
        part, _, name = key.partition(".")
        if tree.get(part):
            tree[part].pop(name, None)
    return json.dumps(tree, sort_keys=True)
