"""The wheel, the pins, the set-up scripts, and what tracked files must not contain."""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
UNREACHABLE_INDEX = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_RETRIES": "0",
}

Bash = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", directory, ROOT], check=True)
    (built,) = directory.glob("*.whl")
    return built


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A directory, with a space in its name, that holds what set-up reads and no package."""
    tree = tmp_path / "a checkout"
    for name in ("pyproject.toml", "constraints.txt", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).write_bytes((ROOT / name).read_bytes())
    (tree / "scripts").mkdir()
    for script in ("setup.sh", "run", "test"):
        (tree / "scripts" / script).write_bytes((ROOT / "scripts" / script).read_bytes())
    return tree


@pytest.fixture
def bash(checkout: Path) -> Bash:
    """Runs one bash command in the checkout, with scripts/setup.sh sourced."""

    def run(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
        return subprocess.run(
            ["bash", "-c", f"source scripts/setup.sh; {command}"],
            cwd=checkout,
            env=inherited | environment,
            capture_output=True,
            text=True,
        )

    return run


def pretend_installed(checkout: Path, bash: Bash, extra: str) -> None:
    executable = checkout / ".venv" / "bin" / "python"
    executable.parent.mkdir(parents=True, exist_ok=True)
    if not executable.exists():
        executable.symlink_to(sys.executable)
    assert bash(f'{{ echo {extra}; fingerprint; }} >"$stamp"').returncode == 0


def test_the_wheel_carries_the_configuration_and_nothing_but_the_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "stat4830_grad/conf/config.yaml" in names
    assert {"stat4830_grad/pages/trace.html", "stat4830_grad/pages/engine.js"} <= set(names)
    rooms = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert rooms <= {"stat4830_grad", "hydra_plugins"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_runs_from_another_directory_without_the_checkout(
    wheel: Path, tmp_path: Path
) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "stat4830_grad", "problem=polynomial"],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(elsewhere.glob("outputs/*/*/summary.json"))) == 1


def test_the_console_command_is_declared() -> None:
    assert PROJECT["scripts"] == {"stat4830-grad": "stat4830_grad.__main__:main"}


PYTHONS = ["3.11", "3.12", "3.13", "3.14"]


def for_python(version: str, lines: list[str]) -> list[Requirement]:
    """The requirements among `lines` that hold on this version of Python."""
    parsed = map(Requirement, lines)
    return [r for r in parsed if not r.marker or r.marker.evaluate({"python_version": version})]


@pytest.mark.parametrize("version", PYTHONS)
def test_the_constraints_pin_each_name_to_one_version(version: str) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    plain = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*(; python_version (<|>=) \"3\.14\")?")
    assert not [line for line in lines if not plain.fullmatch(line)]
    names = [pin.name for pin in for_python(version, lines)]
    assert names == sorted(set(names))


@pytest.mark.parametrize("version", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(version: str) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = {pin.name: str(pin.specifier)[2:] for pin in for_python(version, lines)}
    extras = PROJECT["optional-dependencies"].values()
    declared = PROJECT["dependencies"] + [line for extra in extras for line in extra]
    for requirement in for_python(version, declared):
        pinned = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned, prereleases=True), requirement


def test_no_tracked_file_names_this_machine_or_a_package_index() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    machine = r"/(?:wor[k]|far[m]|roo[t])/\w"
    index = r"(?:index-url|find-links)[ =]|https?://[^ )\"]*(?:pypi|pythonhosted|npmjs)"
    forbidden = re.compile(f"{machine}|{index}".encode())
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    texts = {path: path.read_bytes() for path in paths if path.is_file()}
    found = {p.name: forbidden.findall(t) for p, t in texts.items() if b"\0" not in t}
    assert not {name: hits for name, hits in found.items() if hits}


@pytest.mark.parametrize("minor", range(10, 16))
def test_set_up_accepts_the_pythons_that_the_package_declares(bash: Bash, minor: int) -> None:
    declared = SpecifierSet(PROJECT["requires-python"]).contains(f"3.{minor}")
    assert (bash(f"supported 3.{minor}").returncode == 0) == declared


def test_a_finished_set_up_is_recognised_and_the_test_extra_serves_both(
    checkout: Path, bash: Bash
) -> None:
    assert bash("is_current run").returncode == 1
    pretend_installed(checkout, bash, "run")
    assert bash("ensure_environment run").stderr == ""
    assert bash("is_current test").returncode == 1
    pretend_installed(checkout, bash, "test")
    assert bash("is_current run && is_current test").returncode == 0


@pytest.mark.parametrize(
    "change",
    [
        "echo >>constraints.txt",
        "echo >>pyproject.toml",
        'touch "$unfinished"',
        'ln -sf /bin/sh "$venv/bin/python"',
        'rm "$venv/bin/python"',
        'mv "$root" ../moved; cd ../moved; source scripts/setup.sh',
    ],
)
def test_a_set_up_is_out_of_date_after(checkout: Path, bash: Bash, change: str) -> None:
    pretend_installed(checkout, bash, "test")
    assert bash(f"{change}; is_current run").returncode == 1


def test_a_set_up_goes_on_where_nothing_can_be_compiled(bash: Bash) -> None:
    done = bash(
        'mkdir -p .venv/bin; ln -s /bin/false "$venv/bin/python"; compile_kernels && echo on'
    )
    assert done.stdout == "on\n"
    assert "that failed, and is done by the first run" in done.stderr


def test_an_unreachable_package_index_is_explained_in_one_sentence(bash: Bash) -> None:
    done = bash("exec bash scripts/run", PYTHON=sys.executable, **UNREACHABLE_INDEX)
    assert done.returncode == 1
    *_, last = done.stderr.splitlines()
    assert last.startswith("set-up: the package index cannot be reached")
    assert "No matching distribution found for hatchling" in last
    assert "Traceback" not in done.stderr


def test_a_missing_ensurepip_module_is_explained_in_one_sentence(
    tmp_path: Path, bash: Bash
) -> None:
    """A real interpreter whose standard library lacks only ensurepip, as on bare Debian."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    library = tmp_path / stdlib.relative_to(sys.base_prefix)
    library.mkdir(parents=True)
    for entry in stdlib.iterdir():
        if entry.name != "ensurepip":
            (library / entry.name).symlink_to(entry)
    python = tmp_path / "python"
    real = Path(sys.executable).resolve()
    python.write_text(f'#!/bin/sh\nPYTHONHOME="{tmp_path}" exec "{real}" "$@"\n')
    python.chmod(0o755)
    done = bash("ensure_environment run", PYTHON=str(python))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert done.returncode == 1
    assert done.stderr.startswith(f"set-up: Python {version} lacks the venv or ensurepip module;")
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def uv_downloads(tmp_path: Path) -> dict[str, str]:
    """The environment in which uv "downloads" the running interpreter, and keeps it in tmp_path."""
    major, minor, micro = sys.version_info[:3]
    tree = tmp_path / "python"
    (tree / "bin").mkdir(parents=True)
    library = tree / "lib" / f"python{major}.{minor}"
    library.mkdir(parents=True)
    for file in Path(sysconfig.get_path("stdlib")).glob("_sysconfigdata_*.py"):  # uv rewrites it
        (library / file.name).write_bytes(file.read_bytes())
    python = tree / "bin" / f"python{major}.{minor}"
    python.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).resolve()}" "$@"\n')
    python.chmod(0o755)
    archive = tmp_path / "python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tree, "python")
    system, machine = platform.system().lower(), platform.machine()
    offered = {
        "name": "cpython",
        "arch": {"family": machine, "variant": None},
        "os": system,
        "libc": "gnu",
        "major": major,
        "minor": minor,
        "patch": micro,
        "prerelease": "",
        "url": archive.as_uri(),
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "variant": None,
        "build": "20240107",
    }
    listed = tmp_path / "downloads.json"
    key = f"cpython-{major}.{minor}.{micro}-{system}-{machine}-gnu"
    listed.write_text(json.dumps({key: offered}))
    return {
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(listed),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "kept"),
        "UV_CACHE_DIR": str(tmp_path / "uv cache"),
    }


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="uv is offered a Python for glibc")
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="set-up asks uv for one below 3.14")
def test_uv_brings_a_python_where_none_will_do(
    tmp_path: Path, bash: Bash, uv_downloads: dict[str, str]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    needed = ["bash", "cat", "cksum", "dirname", "find", "mkdir", "mktemp", "mv", "readlink", "rm"]
    for tool in (*needed, "sed", "sh", "tail"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    old = tools / "python3"  # as far as set-up can see: it asks for the version, then for venv
    old.write_text("#!/bin/sh\necho 3.10 venv\n")
    old.chmod(0o755)
    without = bash("make_environment", PATH=str(tools))
    assert without.returncode == 1
    assert "asking pip for uv" in without.stderr
    (tools / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    done = bash('make_environment && "$venv/bin/python" -V', PATH=str(tools), **uv_downloads)
    said = done.stderr.splitlines()
    assert said[0] == "set-up: no suitable Python is here; uv brings one"
    assert said[1].startswith(f"set-up: making .venv with Python 3.{sys.version_info.minor} (")
    assert done.stdout.split() == ["Python", platform.python_version()]


def test_a_missing_python_is_explained_in_one_sentence(bash: Bash) -> None:
    done = bash("ensure_environment run", PYTHON="no-such-python")
    assert done.returncode == 1
    assert done.stderr.startswith("set-up: Python 3.11, 3.12, 3.13 or 3.14 is needed")
    assert len(done.stderr.splitlines()) == 1
