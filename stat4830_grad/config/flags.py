"""The flags that a command takes: Hydra's, wherever they stand."""

from __future__ import annotations

from collections.abc import Sequence

from ..system.errors import ConfigError
from ..system.wording import listed, nearest
from .stray import dashed

MODES = ("--run", "-r", "--multirun", "-m", "--cfg", "-c", "--info", "-i", "--shell-completion")
ALONE = (
    "--run",
    "-r",
    "--multirun",
    "-m",
    "--resolve",
    "--hydra-help",
    "--shell-completion",
    "-sc",
)
VALUED = {
    "--cfg": ("job", "hydra", "all"),
    "-c": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    "-i": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    **dict.fromkeys(("--package", "-p", "--config-path", "-cp", "--config-name", "-cn"), ()),
    **dict.fromkeys(("--config-dir", "-cd", "--experimental-rerun"), ()),
}
"""Flag -> the values it takes; () for any."""


def split_flags(words: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """Flags with their values, the other words, and whether there is a conf/ of the user's.

    Raises:
        ConfigError: a flag is unknown, or flags contradict one another.
    """
    flags: list[str] = []
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, has_value, value = word.partition("=")
        if not word.startswith("-") or word == "-":
            rest.append(word)
        elif word in ALONE:
            flags.append(word)
        elif name in VALUED:
            if not has_value:
                value = take(name, queue)
            if value or name not in ("--info", "-i"):
                check(name, value)
            flags.append(f"{name}={value}" if name.startswith("--") and value else name)
            flags += [value] if value and not name.startswith("--") else []
        else:
            ours = ("--help", "--version")
            known = [*ours, *(flag for flag in (*ALONE, *VALUED) if flag.startswith("--"))]
            raise ConfigError(dashed(word, queue, nearest(name, known)))
    contradiction(flags)
    own_conf = any(flag.partition("=")[0] in ("--config-dir", "-cd") for flag in flags)
    return flags, rest, own_conf


def take(name: str, queue: list[str]) -> str:
    """The next word, where it is the value of the flag `name`."""
    known = VALUED[name]
    is_value = bool(queue) and (
        queue[0] in known or (name not in ("--info", "-i") and not queue[0].startswith("-"))
    )
    return queue.pop(0) if is_value else ""


def check(name: str, value: str) -> None:
    """Whether a flag can have this value.

    Raises:
        ConfigError: it cannot.
    """
    known = VALUED[name]
    if (known and value not in known) or not value:
        said = listed(known) if known else "a value"
        raise ConfigError(f"{name} {value}".rstrip() + f": write {name} with {said} after it")


def contradiction(flags: Sequence[str]) -> None:
    """Flags that do not go together.

    Raises:
        ConfigError: there are such.
    """
    names = [flag.partition("=")[0] for flag in flags]
    long = {"-r": "--run", "-m": "--multirun", "-c": "--cfg", "-i": "--info"}
    modes = list(dict.fromkeys(long.get(name, name) for name in names if name in MODES))
    if len(modes) > 1:
        raise ConfigError(f"{' '.join(modes)}: these do not go together; write one of them")
    if "--resolve" in names and "--cfg" not in modes:
        raise ConfigError("--resolve goes with --cfg: write --cfg job --resolve")
