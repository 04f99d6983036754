"""From a composed configuration to a checked one, or to one clear message. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from omegaconf import DictConfig, OmegaConf

from ..system.errors import ConfigError
from ..system.reading import read_config, reading
from ..system.wording import nearest, shown
from .checks import check
from .commands import assigned
from .conditions import refuse_other_keys
from .fields import LARGEST
from .hydra_versions import compose_ours
from .keys import FREE, GROUPS, known_keys, options
from .messages import unknown_option
from .schema import Config, Sweep
from .starts import what_is_there
from .synonyms import is_half, meant
from .torch_options import no_such_class
from .values import canonical, choices, written

RESUMABLE = (
    "steps",
    "log.",
    "checkpoint.",
    "figures",
    "data_dir",
    "device",
    "threads",
    "debug",
)
"""Keys (or prefixes of keys) that may change when a run is resumed."""


def parse(raw: dict[str, Any]) -> Config:
    """The configuration in `raw`, checked.

    Raises:
        ConfigError: names the first key whose value cannot be used, and why.
    """
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(complaint(str(error), raw)) from None
    check(config)
    return config


PLAIN = {
    f"`float` <= {LARGEST}": "a finite number",
    f"`float` >= -{LARGEST}": "a finite number",
    "Number out of range": "must be a finite number",
    " 0.0": " 0",
    "of length >= ": "with a length of at least ",
    "Object contains unknown field": "there is no key",
    "Object missing required field": "a value is missing for",
    "Expected ": "must be ",
    " | null`": "` or null",
    "`float`": "a number",
    "`int`": "a whole number",
    "`bool`": "true or false",
    "`str`": "text",
    "`array`": "a list",
    "`null`": "null",
    "`object | null`": "a group of keys",
    "`object`": "a group of keys",
    " | ": " or ",
}


def complaint(message: str, raw: dict[str, Any]) -> str:
    """msgspec's message in the user's words: `optimizer.lr=-1: must be a number > 0`."""
    what, _, where = message.partition(" - at `$")
    for theirs, ours in PLAIN.items():
        what = what.replace(theirs, ours)
    key = where.rstrip("`").lstrip(".").split("[")[0]
    if "there is no key" in what:
        unknown = ".".join(filter(None, (key, what.split("`")[1])))
        return f"there is no key {unknown}{nearest(unknown, known_keys())} (--help lists them all)"
    if not key:
        return what
    value: Any = raw
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    typed = value if isinstance(value, str) else written(value)
    if offered := choices(key):
        return f"{key}={shown(typed)}: {wrong_choice(key, typed, offered)}"
    if isinstance(value, dict) and "missing" in what:
        return f"{key}: {what}"
    group, _, name = key.rpartition(".")
    if key == "optimizer.name" and "options" in raw["optimizer"]:
        return no_such_class(str(value))
    if group in GROUPS and name == "name":
        return unknown_option(group, str(value), options(group))
    if "a group of keys" in what:
        inside = [one for one in known_keys() if one.startswith(f"{key}.")]
        example = f": {', '.join(inside)}" if inside else ""
        example = f"; write {key}.NAME=NUMBER" if key == FREE else example
        return f"{key}={shown(typed)}: {key} is a group of keys{example}"
    if isinstance(value, dict) and key == FREE:  # of keys that are the user's own
        for name, one in value.items():
            if not isinstance(one, int | float) or isinstance(one, bool) or abs(one) > LARGEST:
                return f"{key}.{name}={shown(written(one))}: {what.split(', got')[0]}"
    entry = "every entry " if "[" in where else ""
    return f"{key}={shown(typed)}: {entry}{what.split(', got')[0]}"


def wrong_choice(key: str, typed: str, offered: Sequence[str]) -> str:
    """What to write instead of a word that a key does not take."""
    there_are = f"There are: {', '.join(offered)}"
    if is_half(key, typed):
        return (
            "half precision is not offered, as sums over thousands of samples lose too much "
            f"in it; write dtype=float32. {there_are}"
        )
    ours = meant(key, typed)
    near = f"; write {key}={ours}" if ours else nearest(typed, offered)
    return f"no such {key}{near}{'' if near.endswith('?') else '.'} {there_are}"


EXAMPLES = {
    "optimizer.name": "optimizer.name=AdamW, a class of torch.optim",
    "optimizer.path": "optimizer.path=FILE.py, with your functions init and update",
    "model.path": "model.path=FILE.py, which defines model, a torch.nn.Module",
    "runs": "runs=[DIR,DIR], patterns too",
    "submissions": "submissions=DIR, with a file, folder or notebook for each student",
    "problem.path": "problem.path=FILE.py, which defines loss and start",
    "problem.f": "'problem.f=x**2 + exp(-x)' problem.start.x=1",
}
"""How keys are written that have no default."""


def load(raw: dict[str, Any], overrides: Sequence[str]) -> Config:
    """The checked configuration in `raw`; `resume` takes a saved one instead.

    Args:
        overrides: what the command line says, e.g. ["problem=mnist", "steps=10"].

    Raises:
        ConfigError: the configuration cannot be run.
    """
    if raw.get("task") == "list":
        refuse_other_keys(overrides)
    if raw.get("resume") is None:
        return parse(raw)
    return parse(resumed(Path(str(raw["resume"])), raw, overrides))


def resumed(directory: Path, raw: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The saved configuration of the run in `directory`, with what may change changed.

    Raises:
        ConfigError: there is no run to resume, or `overrides` ask for another run.
    """
    if not (directory / "checkpoint.pt").is_file() or not (directory / "config.yaml").is_file():
        raise ConfigError(f"{assigned('resume', directory)}: {not_a_run(directory)}")
    before = saved_configuration(directory / "config.yaml")
    saved = OmegaConf.create(before)
    for override in overrides:
        key = override.split("=")[0].lstrip("+")
        if key == "resume":
            continue
        if not key.startswith(RESUMABLE):
            raise ConfigError(
                f"{override}: a resumed run keeps its configuration; "
                "only steps, log, checkpoint, figures, device, threads and data_dir may change"
            )
        OmegaConf.update(saved, key, OmegaConf.select(OmegaConf.create(raw), key))
    now = plain(saved)
    if before["optimizer"].get("schedule") == "cosine" and now["steps"] != before["steps"]:
        raise ConfigError(
            f"steps={now['steps']}: the step size of this run follows a cosine that ends after "
            f"{before['steps']} updates, so a longer run is another one; leave out steps"
        )
    return {**now, "resume": str(directory)}


def saved_configuration(path: Path) -> dict[str, Any]:
    """The configuration that a run left, as it was when it began.

    Raises:
        DataError: the file is damaged: no configuration, or one that no run can have.
    """
    with reading(path, "the configuration of a run"):
        before = plain(OmegaConf.create(read_config(path)))
        try:
            config = parse(before)
        except ConfigError:
            before = with_later_keys(before)
            try:
                config = parse(before)
            except ConfigError as error:
                raise ValueError(str(error)) from None
        if config.task != "train":
            raise ValueError(f"it is of task={config.task}")
    return before


def with_later_keys(before: dict[str, Any]) -> dict[str, Any]:
    """A configuration of an earlier version, with the defaults of the keys that it has not."""
    groups = {group: before[group] for group in GROUPS if isinstance(before.get(group), dict)}
    chosen = [f"{group}={part['name']}" for group, part in groups.items() if "name" in part]
    defaults = compose_ours(chosen)
    OmegaConf.set_struct(defaults, False)
    return plain(OmegaConf.merge(defaults, before))


def not_a_run(directory: Path) -> str:
    """Why no run can go on in `directory`, and what could."""
    if (directory / ".sweep").is_dir():
        resume = assigned("sweep.resume", directory)
        return f"a sweep is in that directory; write {resume} after the sweep's command"
    if not directory.is_dir():
        return "there is no such directory"
    return what_is_there(directory) or "no run with a checkpoint is in that directory"


def plain(config: Any) -> dict[str, Any]:
    """A configuration as dicts and lists, interpolations resolved.

    Raises:
        ConfigError: a value that must be given is not.
    """
    own = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    for key in sorted(OmegaConf.missing_keys(own)):
        example = EXAMPLES.get(key, f"{key}=VALUE")
        raise ConfigError(f"{key}: a value is missing; write {example}")
    raw = OmegaConf.to_container(own, resolve=True)
    assert isinstance(raw, dict)
    return canonical({str(key): value for key, value in raw.items()})


def sweep_options(composed: DictConfig) -> Sweep:
    """The options of a sweep in a composed configuration.

    Raises:
        ConfigError: one of them has a value that cannot be used.
    """
    raw = {"sweep": plain(OmegaConf.masked_copy(composed, ["sweep"]))["sweep"]}
    try:
        return msgspec.convert(raw["sweep"], Sweep)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise ConfigError(complaint(f"{what} - at `$.sweep{where or '`'}", raw)) from None
