"""A student's file cannot decide its own verdict, nor do harm: a corpus of files that try."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cases
import hostile_files as hostile
import pytest
import torch
from conftest import PYTHONPATH, Cli, lacking

from stat4830_grad.core import Objective, Params
from stat4830_grad.gradients.methods import backward
from stat4830_grad.sandbox import system_calls
from stat4830_grad.sandbox.conversation import NoAnswerError
from stat4830_grad.sandbox.limits import Limits
from stat4830_grad.sandbox.student import Answer, Student
from stat4830_grad.sandbox.wire import SIZES, UnreadableError, packed, sizes, unpacked
from stat4830_grad.tasks.check.diagnosis import Diagnosis, diagnose
from stat4830_grad.tasks.check.study import study

FILTERED = sys.platform == "linux" and platform.machine() in system_calls.ARCHITECTURES
filtered = pytest.mark.skipif(not FILTERED, reason="this system has no filter of system calls")


@pytest.fixture
def objective() -> Objective:
    return cases.objective("least_squares")


@pytest.fixture
def start(objective: Objective) -> Params:
    return {k: p.double() for k, p in objective.init(torch.Generator().manual_seed(1)).items()}


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory in which there is one file afterwards, as it was before."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    yield path
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o400


def student(path: Path, source: str, seconds: float = 20.0) -> Student:
    """A file with `source`, which stays as it is."""
    path.write_text(source, "utf-8")
    return Student(path, Limits(seconds=seconds, memory=1, threads=1))


def asked(path: Path, source: str, f: Objective, params: Params, seconds: float = 20.0) -> Answer:
    with student(path, source, seconds) as one:
        return one.ask(f.constants(), params)


def fails(path: Path, source: str, f: Objective, params: Params, seconds: float = 20.0) -> str:
    """The message of a file that gives no answer, after its kind."""
    with pytest.raises(NoAnswerError) as caught:
        asked(path, source, f, params, seconds)
    assert path.read_text("utf-8") == source
    assert str(caught.value).startswith(f"gradient.path={path}")
    return f"{caught.value.kind}: {caught.value}"


@pytest.mark.parametrize("name", hostile.ENDS)
def test_a_file_that_ends_its_process_is_told_so(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    source, kind, word = hostile.ENDS[name]
    said = fails(where, source, objective, start)
    assert said.startswith(kind)
    assert word in said


@filtered
@pytest.mark.parametrize("name", hostile.REACHES_OUT)
def test_a_file_reaches_nothing_outside_its_process(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    said = fails(where, hostile.REACHES_OUT[name], objective, start)
    assert said.startswith("raised")
    refusals = ("raised PermissionError", "[Errno 1]", "[Errno 30]", "not allowed to raise")
    assert any(refusal in said for refusal in refusals), said


@filtered
@pytest.mark.parametrize("name", hostile.TAKES_TOO_MUCH)
def test_memory_threads_and_answers_have_a_limit(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    source, word = hostile.TAKES_TOO_MUCH[name]
    assert word in fails(where, source, objective, start)


@pytest.mark.parametrize("name", hostile.HANGS)
def test_a_file_that_does_not_end_is_ended(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    said = fails(where, hostile.HANGS[name], objective, start, seconds=0.2)
    assert said.startswith("timeout")
    assert "no answer after 200 ms" in said


def diagnosed(path: Path, source: str, f: Objective, start: Params) -> Diagnosis | None:
    """What is found of the file's answers; None if it gives none."""
    try:
        with student(path, source) as one:
            return diagnose(one, f, [(start, backward(f, start)[1])], 1e-9)
    except NoAnswerError:
        return None


@pytest.mark.parametrize("name", hostile.DECIDES)
def test_a_file_does_not_decide_its_verdict(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    found = diagnosed(where, hostile.DECIDES[name], objective, start)
    assert found is None or not found.accepted


@pytest.mark.parametrize("name", hostile.NO_NUMBERS)
def test_an_answer_that_is_no_numbers_is_told_so(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    source = hostile.after("pass", hostile.NO_NUMBERS[name])
    (finding,) = asked(where, source, objective, start).findings
    assert finding.kind == "not_numbers"


@pytest.mark.parametrize("name", hostile.ODD_BUT_RIGHT)
def test_a_right_answer_is_right_in_any_form(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    found = diagnosed(where, hostile.after("pass", hostile.ODD_BUT_RIGHT[name]), objective, start)
    assert found
    assert found.accepted


@pytest.fixture(scope="module")
def landlock() -> None:
    """A kernel that holds a process to certain files."""
    code = "from stat4830_grad.sandbox.reading import hold; print(hold([]))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout.strip() != "None":
        lacking("landlock", done.stdout)


@pytest.mark.usefixtures("landlock")
@pytest.mark.parametrize("name", hostile.READS)
def test_a_submission_reads_no_file_of_others(
    name: str, tmp_path: Path, objective: Objective, start: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".profile").write_text("secret", "utf-8")
    (tmp_path / "other.py").write_text("secret = 1", "utf-8")
    place = tmp_path / "mine"
    place.mkdir()
    path = place / "mine.py"
    source = f"import os\nos.chdir({str(place)!r})\nos.environ['HOME'] = {str(tmp_path)!r}\n"
    path.write_text(source + hostile.READS[name], "utf-8")
    limits = Limits(seconds=20, memory=1, threads=1, reads=[str(place)])
    with Student(path, limits) as one:
        with pytest.raises(NoAnswerError, match=r"PermissionError|ModuleNotFoundError"):
            one.ask(objective.constants(), start)
        assert "secret" not in one.printed


def by_hand(path: Path, source: str) -> Student:
    """A file that must compute its answer by hand."""
    path.write_text(source, "utf-8")
    return Student(path, Limits(seconds=20, memory=1, threads=1, by_hand=True))


@pytest.mark.parametrize("name", hostile.NOT_BY_HAND)
def test_an_answer_that_is_not_by_hand_is_noticed(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    with by_hand(where, hostile.NOT_BY_HAND[name]) as one, pytest.raises(NoAnswerError) as caught:
        one.ask(objective.constants(), start)
    assert caught.value.kind == "not by hand"


@pytest.mark.parametrize("name", hostile.ODD_BUT_RIGHT)
def test_an_answer_by_hand_is_taken(
    name: str, where: Path, objective: Objective, start: Params
) -> None:
    source = hostile.after("pass", hostile.ODD_BUT_RIGHT[name])
    with by_hand(where, source) as one:
        assert one.ask(objective.constants(), start).values["w"].shape == (3,)


def test_autograd_may_be_used_where_it_is_allowed(
    where: Path, objective: Objective, start: Params
) -> None:
    found = diagnosed(where, hostile.NOT_BY_HAND["backward"], objective, start)
    assert found
    assert found.accepted


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_right_answer_in_half_precision_is_told_of_its_precision(
    where: Path, objective: Objective, start: Params, dtype: str
) -> None:
    source = hostile.after("import torch", f"({hostile.RIGHT}).to(torch.{dtype})")
    found = diagnosed(where, source, objective, start)
    assert found
    (finding,) = found.findings
    assert (finding.kind, finding.parameters) == ("rounding", ("w",))
    assert dtype in finding.sentence
    twice = diagnosed(where, source.replace("(X.T", "(2 * X.T"), objective, start)
    assert twice
    assert "right as far" not in twice.findings[0].sentence


def test_what_a_file_prints_is_kept_as_its_own_and_has_an_end(
    where: Path, objective: Objective, start: Params
) -> None:
    source = hostile.after("print('here', len(y))\nfor _ in range(3000): print('x' * 99)")
    with student(where, source) as one:
        one.ask(objective.constants(), start)
        assert one.printed.startswith("here 12\n")
        assert len(one.printed) == 4096


def test_a_dataclass_with_postponed_annotations_can_be_defined(
    where: Path, objective: Objective, start: Params
) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass A:\n    x: int = 1\n\n"
        f"def gradient(w, X, y):\n    return {hostile.RIGHT}\n"
    )
    found = diagnosed(where, source, objective, start)
    assert found
    assert found.accepted


def test_the_process_holds_neither_answer_nor_problem(
    where: Path, objective: Objective, start: Params
) -> None:
    """It is forked before there is one, and has not imported what could compute it."""
    source = hostile.after(
        "import sys\nprint([m for m in sys.modules if m.startswith('stat4830_grad.')])"
    )
    with student(where, source) as one:
        one.ask(objective.constants(), start)
        for room in ("problems", "gradients", "tasks", "training"):
            assert f"stat4830_grad.{room}" not in one.printed
        assert "stat4830_grad.sandbox.worker" in one.printed


def test_a_hostile_file_costs_the_next_one_nothing(
    where: Path, objective: Objective, start: Params
) -> None:
    """After each way to fail, the same file can be asked again."""
    ways = ("raise OSError", "import os; os._exit(0)", "import time; time.sleep(10**6)")
    source = "def gradient(w, X, y):\n    way = round(float(w[0]))\n" + "".join(
        f"    if way == {1000 + k}: {way}\n" for k, way in enumerate(ways)
    )
    right = backward(objective, start)[1]["w"]
    with student(where, f"{source}    return {hostile.RIGHT}", seconds=5.0) as one:
        for k in range(len(ways)):
            with pytest.raises(NoAnswerError):
                one.ask(objective.constants(), {"w": torch.full_like(start["w"], 1000.0 + k)})
            answer = one.ask(objective.constants(), start).values["w"]
            torch.testing.assert_close(answer, right, check_dtype=False)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{}",
        b'{"tensors": [["w", "float64", [-1]]]}',
        b'{"tensors": [["w", "float64", [1e9]]]}',
        b'{"tensors": [["w", "object", [1]]]}',
        b'{"tensors": [["w", "float64", [99]]]}',
        b'{"tensors": [[["w"], "float64", [1]]]}',
        b"[" * 99_999,
        b"\xff",
    ],
)
def test_a_damaged_frame_is_refused(header: bytes) -> None:
    with pytest.raises(UnreadableError):
        unpacked(header, bytearray(16))


def test_a_frame_brings_every_dtype_and_shape() -> None:
    tensors = {
        "a": torch.randn(30, 4_000),
        "b": torch.tensor(2.0, dtype=torch.float64),
        "c": torch.empty(0, 3),
        "d": torch.arange(5, dtype=torch.int8),
        "e": torch.randn(2, 3).bfloat16().T,
    }
    sent = b"".join(packed({"op": "x"}, tensors))
    header, size = sizes(sent[: SIZES.size], len(sent))
    assert len(sent) == SIZES.size + header + size
    frame = unpacked(sent[SIZES.size :][:header], bytearray(sent[-size:]))
    assert frame.header == {"op": "x"}
    for name, t in tensors.items():
        assert frame.tensors[name].dtype == t.dtype
        assert torch.equal(frame.tensors[name], t)


@pytest.mark.parametrize("architecture", system_calls.ARCHITECTURES)
def test_the_filter_of_each_architecture_is_one_the_kernel_could_take(architecture: str) -> None:
    number, calls = system_calls.ARCHITECTURES[architecture]
    steps = list(system_calls.program(number, calls, own=123))
    assert len(steps) < 4096
    assert {len(one) for one in steps} == {8}
    for at, one in enumerate(steps):
        if int.from_bytes(one[:2], "little") in (0x15, 0x35, 0x45):
            assert at + 1 + max(one[2], one[3]) < len(steps)
    assert int.from_bytes(steps[-1][4:], "little") == system_calls.ALLOW


def test_check_with_a_hostile_file_says_so_and_leaves_code_2_or_5(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import os; os._exit(0)\n", "utf-8")
    words = ("task=check", "problem=polynomial", "gradient=file", "gradient.path=mine.py")
    done = cli(*words)
    assert done.returncode == 2
    assert "ended the process with exit code 0" in done.stderr
    assert "Traceback" not in done.stderr


LOOP = """
import time
calls = 0
def gradient(x):
    global calls
    calls += 1
    time.sleep(0.01)
    while calls > 100:
        time.sleep(0.1)
    return 3 * x**2 - 3
"""


def test_a_signal_ends_a_run_whose_file_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LOOP, "utf-8")
    words = ["problem=polynomial", "steps=1000", "log.every=1", "figures=false"]
    words += ["gradient=file", "gradient.path=mine.py", "hydra.run.dir=run"]
    run = subprocess.Popen(
        [sys.executable, "-m", "stat4830_grad", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    metrics = tmp_path / "run" / "metrics.csv"
    deadline = time.monotonic() + 60
    while not metrics.exists() or metrics.read_text("utf-8").count("\n") < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2)  # it goes on to the endless loop
    began = time.monotonic()
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=20)
    assert time.monotonic() - began < 10
    assert (run.returncode, errors) == (143, b"")
    assert '"interrupted"' in (tmp_path / "run" / "summary.json").read_text("utf-8")


def test_a_study_of_a_right_file_is_as_before(where: Path, objective: Objective) -> None:
    single = cases.objective("least_squares", torch.float32)
    params = {k: p.float() for k, p in single.init(torch.Generator().manual_seed(1)).items()}
    with student(where, f"def gradient(w, X, y): return {hostile.RIGHT}") as one:
        assert study(objective, single, params, 0, one).agree
