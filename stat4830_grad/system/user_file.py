"""The Python files that a user names: each is run, and what it defines is called. Imports no torch.

Whatever goes wrong in one is a message with its key, its path and the line.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import ConfigError
from .module_path import add_places_of
from .reading import MIB, reading
from .wording import by_likeness, likeness


@lru_cache(maxsize=16)
def arguments_of(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """The arguments of a function, which takes longer to find out than many functions take."""
    return tuple(inspect.signature(function).parameters.values())


@dataclass(frozen=True)
class UserFunction:
    """A function in a file of the user's."""

    name: str
    said: str  # what a message calls the file: key=path
    path: Path
    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function returns.

        Raises:
            ConfigError: it raises an error; the message has its line.
        """
        try:
            return self.function(*arguments, **named)
        except (Exception, SystemExit) as error:
            raise ConfigError(f"{self.said}: {blame(error, self.path)}") from error

    def asked(self) -> tuple[inspect.Parameter, ...]:
        """Its arguments.

        Raises:
            ConfigError: it is not written in Python, which could tell them.
        """
        try:
            return arguments_of(self.function)
        except (TypeError, ValueError):
            raise ConfigError(f"{self.said}: {self.name} must be written in Python") from None

    def called_with(self, offered: Mapping[str, Any]) -> Any:
        """The answer to those of the offered arguments that the function names.

        Raises:
            ConfigError: it names others, or raises an error; the message has its line.
        """
        chosen: list[Any] = []
        by_keyword: dict[str, Any] = {}
        for argument in self.asked():
            if argument.name not in offered:
                if argument.default is argument.empty:
                    raise ConfigError(
                        f"{self.said}: {self.name} asks for {argument}, "
                        f"but this problem offers {', '.join(offered)}"
                    )
            elif argument.kind is argument.KEYWORD_ONLY or by_keyword:
                by_keyword[argument.name] = offered[argument.name]
            else:
                chosen.append(offered[argument.name])
        return self(*chosen, **by_keyword)


@dataclass(frozen=True)
class UserFile:
    """A file of the user's that has been run, and the names that it defines."""

    said: str  # what a message calls it: key=path
    path: Path
    module: ModuleType

    def defines(self, name: str) -> bool:
        """Whether something has this name at module level."""
        return hasattr(self.module, name)

    def value(self, name: str) -> object:
        """What the file calls `name`.

        Raises:
            ConfigError: nothing.
        """
        if not self.defines(name):
            raise ConfigError(f"{self.said} does not define {name}")
        return getattr(self.module, name)

    def function(self, name: str) -> UserFunction:
        """The function called `name`.

        Raises:
            ConfigError: there is none.
        """
        found: object = getattr(self.module, name, None)
        if not callable(found):
            lacks = f"{self.said} defines no function called {name}"
            raise ConfigError(f"{lacks}{self._instead(name)}")
        return UserFunction(name, self.said, self.path, found)

    def _instead(self, name: str) -> str:
        """Which of the file's own functions may be meant by `name`; or which there are."""
        own = [
            one
            for one, value in vars(self.module).items()
            if inspect.isfunction(value) and value.__module__ == self.module.__name__
        ]
        first, *others = by_likeness(name, own) or [""]
        if not first:
            return ""
        if not others or name in first or likeness(name, first) > 0.6:
            return f"; it defines {first}: call that {name}"
        return f"; it defines {', '.join(own)}"


def run_file(path: Path, key: str, wanted: str) -> UserFile:
    """Run a file from its first line to its last.

    Args:
        key: of the configuration, by which the user named it.
        wanted: what the file should be, such as "a Python file with a function gradient".

    Raises:
        ConfigError: the file is missing or raises an error.
    """
    said = f"{key}={path}"
    return run_source(read_source(path, said, wanted), path, said)


def read_source(path: Path, said: str, wanted: str, most: int = MIB) -> bytes:
    """What a file of the user's holds; nothing of it is run.

    Args:
        most: bytes that it may have.

    Raises:
        ConfigError: it is missing, or cannot be read.
    """
    with reading(path, wanted, called=said, most=most, kind=ConfigError):
        return path.read_bytes()


def run_source(source: bytes, path: Path, said: str) -> UserFile:
    """Run what a file holds, as a module of its own.

    Raises:
        ConfigError: it raises an error.
    """
    add_places_of(str(path))
    module = ModuleType(f"file:{path.stem}")  # no other module's name
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look for what annotations name
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # the file the user names
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{said}: {blame(error, path)}") from error
    return UserFile(said, path, module)


def blame(error: BaseException, path: Path) -> str:
    """Where in the file an error arose, and which: `line 4 raised NameError: …`."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        where = f"line {error.lineno} is not Python: {error.msg}"
        return f"{where}\n    {(error.text or '').strip()}"
    what = f"{type(error).__name__}: {words(error)}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if not frames:
        return f"raised {what}"
    return f"line {frames[-1].lineno} raised {what}\n    {frames[-1].line}"


def words(error: BaseException) -> str:
    """What an error says of itself, where it can."""
    try:
        return str(error)
    except (Exception, SystemExit):  # of the user's own class
        return "(it cannot be shown)"
