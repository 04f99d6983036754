"""The keys of a run, and what is said of one that it has not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from omegaconf import OmegaConf

from ..system.wording import closest, listed, shown
from .help import conf_dir
from .hydra_versions import compose_ours
from .synonyms import advice
from .torch_options import KEY as OPTIONS
from .values import leaves

FREE = "problem.start"
"""The key below which each parameter of a formula has one of its own."""

GROUPS = tuple(sorted(path.name for path in conf_dir().iterdir() if path.is_dir()))
"""What is chosen by name: problem, model, optimizer, …"""


def options(group: str) -> list[str]:
    """The options of a group, as conf/ has them."""
    return sorted(file.stem for file in (conf_dir() / group).glob("*.yaml"))


def known_keys() -> dict[str, list[str]]:
    """Every key of every file in conf/, and the options it belongs to ([]: every run)."""
    found: dict[str, list[str]] = {}
    for path in sorted(conf_dir().rglob("*.yaml")):
        group = path.parent.relative_to(conf_dir()).as_posix()
        everywhere = group == "." or "@package _global_" in path.read_text("utf-8")
        for key, _ in leaves(OmegaConf.to_container(OmegaConf.load(path))):
            if key.split(".")[0] not in ("defaults", "hydra") and not key.endswith("name"):
                owners = found.setdefault(key if everywhere else f"{group}.{key}", [])
                owners += [] if group in (".", "experiment") else [f"{group}={path.stem}"]
    return found


def run_keys(choices: Sequence[str]) -> frozenset[str]:
    """The keys of the run that these overrides of groups choose.

    Args:
        choices: e.g. ["problem=mnist", "model=mlp"].
    """
    return keys_of(tuple(choices))


@cache
def keys_of(choices: tuple[str, ...]) -> frozenset[str]:
    """The same; composed once for all messages about one command."""
    composed = compose_ours(choices)
    return frozenset(key for key, _ in leaves(OmegaConf.to_container(composed, resolve=False)))


def unknown_key(key: str, value: str, choices: Sequence[str]) -> str:
    """What to type instead of a key that the run has not, as far as that can be known.

    Args:
        value: what the key was to be, as typed.
        choices: the options that the command line chooses.
    """
    here, known = run_keys(choices), known_keys()
    free = next((one for one in (FREE, OPTIONS) if key.startswith(f"{one}.")), key)
    owners = known.get(free, [])
    said, last = f"there is no key {shown(key)}", key.rpartition(".")[2]
    if owners:
        return f"{key} belongs to {listed(owners)}: write {command(key, value, owners)}"
    alike = [other for other in {*here, *known} if other.rpartition(".")[2] == last]
    ours = sorted(other for other in alike if other in here and not other.startswith("sweep."))
    if ours:
        return f"{said}; write {listed([f'{other}={value}' for other in ours])}"
    if instead := advice(last, value):
        return f"{said}; {instead}"
    if elsewhere := sorted(other for other in alike if not other.startswith("hydra.")):
        commands = [command(other, value, known.get(other, [])) for other in elsewhere]
        return f"{said}; write {listed(commands)}"
    possible = [other for other in {*here, *known} if not other.startswith("hydra.")]
    close = closest(key, [*sorted(possible), *GROUPS])
    hint = f"; did you mean {close}?" if close else ""
    if close and close not in here and close not in GROUPS:
        return f"{said}{hint} Write {command(close, value, known[close])}"
    return f"{said}{hint} (--help lists them all)"


def command(key: str, value: str, owners: Sequence[str]) -> str:
    """What to type to set a key that belongs to some options only."""
    return f"{owners[0]} {key}={value}" if owners else f"{key}={value}"
