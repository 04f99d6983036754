"""`task=grade`: the gradients of a class, each graded in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import msgspec

from ...config.schema import Config, Grading
from ...console.terminal import make_console, say, say_whole
from ...system import exit_codes
from ...system.errors import ConfigError
from ...system.files import make_directory, write_text
from ...system.threads import available
from ...training.run_directory import write_config, write_json
from .gradebook import write_gradebook
from .gradescope import as_gradescope
from .grading import Result, graded
from .pages import class_page, feedback_page
from .report import show
from .submissions import Submission, only, submissions

KEPT = "kept"
"""The folder of results as this program reads them when a grading is gone on with."""


def run(config: Config, directory: Path, command: str) -> int:
    """Grade what is not graded yet; leave the gradebook, results, pages and the class report."""
    assert config.grade is not None  # conf/task/grade.yaml has it
    assert config.submissions is not None
    console, grading = make_console(), config.grade
    place = Path(config.submissions)
    refuse_inside(place)
    begin(config, directory)
    every = submissions(place)
    before = {} if grading.only else kept(directory)
    chosen = only(every, grading.only) if grading.only else every
    left = [one for one in chosen if not same(one, before.get(one.name))]
    done = len(chosen) - len(left)
    title = f"grade · {config.problem.name}" + (f" · {config.model.name}" if config.model else "")
    again = f", {done} graded before" if done else ""
    say(console, f"{title} · {len(chosen)} submissions{again} · seed {config.seed}", style="bold")
    for one in finished(left, config, grading):
        keep(directory, one)
    names = {one.name for one in every}
    results = sorted((r for r in kept(directory).values() if r.name in names), key=by_name)
    write_gradebook(directory / "gradebook.csv", results)
    write_text(directory / "report.html", class_page(title, results))
    show(console, results)
    if loose := next((one.open for one in results if one.open), None):
        say(console, f"A submission was not locked in: {loose}.", style="yellow")
    say_whole(console, f"files: {directory}")
    return exit_codes.COMPLETED


def refuse_inside(place: Path) -> None:
    """See that this was not started inside the directory of the submissions.

    Raises:
        ConfigError: it was: there `python -m` takes a file of a student's for a module.
    """
    if Path.cwd().resolve().is_relative_to(place.resolve()):
        raise ConfigError(
            f"submissions={place}: Python may take a file of the directory it is called in for a "
            "module; call this from outside the submissions: cd .. and submissions=NAME"
        )


def begin(config: Config, directory: Path) -> None:
    """The directory of a new grading, or of the same one again.

    Raises:
        ConfigError: another grading is in it.
    """
    assert config.grade is not None
    path = directory / "grading.json"
    now = {
        "problem": msgspec.to_builtins(config.problem),
        "model": msgspec.to_builtins(config.model),
        "seed": config.seed,
        "points": config.grade.points,
    }
    if config.grade.resume:
        try:
            before = msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError):
            raise ConfigError(f"grade.resume={directory}: no grading is in it") from None
        if differing := [key for key, value in now.items() if before.get(key) != value]:
            raise ConfigError(
                f"grade.resume={directory}: there {', '.join(differing)} was another; "
                "repeat the command that began it"
            )
    for folder in (KEPT, "results", "feedback"):
        make_directory(directory / folder)
    write_config(directory, config)
    write_json(path, now)


def finished(left: Sequence[Submission], config: Config, grading: Grading) -> Iterator[Result]:
    """Results as they come; the processes of several students work at once."""
    with ThreadPoolExecutor(grading.jobs or available()) as pool:
        futures = [pool.submit(graded, one, config, grading) for one in left]
        for future in as_completed(futures):
            yield future.result()


def keep(directory: Path, result: Result) -> None:
    """Write what became of one submission; it counts as graded once the last file is there."""
    write_json(directory / "results" / f"{result.name}.json", as_gradescope(result))
    write_text(directory / "feedback" / f"{result.name}.html", feedback_page(result))
    write_text(directory / KEPT / f"{result.name}.json", msgspec.json.encode(result).decode())


def kept(directory: Path) -> dict[str, Result]:
    """What was graded before, by name; what cannot be read is graded anew."""
    found = {}
    for path in (directory / KEPT).glob("*.json"):
        try:
            result = msgspec.json.decode(path.read_bytes(), type=Result)
        except (OSError, msgspec.DecodeError):
            continue
        found[result.name] = result
    return found


def same(submission: Submission, before: Result | None) -> bool:
    """Whether a submission is the one that was graded."""
    return before is not None and before.fingerprint == submission.fingerprint()


def by_name(result: Result) -> str:
    """The order of a gradebook."""
    return result.name


__all__ = ["run"]
