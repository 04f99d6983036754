# shellcheck shell=bash
# Sourced by scripts/run, test, docs, benchmark, determinism and torture.
# `ensure_environment run` (or `test`) makes .venv, or brings it up to date, and returns at once when
# there is nothing to do. Sets `root` and `venv`.

root="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
venv="$root/.venv"
stamp="$venv/.installed"      # what was installed last: run or test, then its fingerprint
unfinished="$venv/.unfinished" # there while .venv is being changed; left behind by an interruption
log="$venv/install.log"

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# Prints "MAJOR.MINOR", and "venv" after it if the interpreter $1 can make virtual environments.
probe() {
  "$1" -c 'import importlib.util as u, sys
can = all(map(u.find_spec, ("venv", "ensurepip")))
print("%d.%d" % sys.version_info[:2], "venv" if can else "")' 2>/dev/null
}

supported() { [[ "$1" =~ ^3\.1[1-4]$ ]]; } # requires-python

# Sets `base` to the first suitable interpreter and `version` to its version; PYTHON overrides.
choose_python() {
  local candidates=(python3.13 python3.12 python3.11 python3.14 python3) can_venv others="" without_venv=""
  if [[ -n "${PYTHON:-}" ]]; then candidates=("$PYTHON"); fi
  for base in "${candidates[@]}"; do
    read -r version can_venv < <(probe "$base") || continue
    if ! supported "$version"; then
      others="$others, $base is $version"
    elif [[ -z "$can_venv" ]]; then
      without_venv="${without_venv:-$version}"
    else
      return 0
    fi
  done
  if [[ -z "${PYTHON:-}" ]] && python_from_uv "${candidates[-1]}"; then return 0; fi
  if [[ -n "$without_venv" ]]; then
    fail "Python $without_venv lacks the venv or ensurepip module; on Debian and Ubuntu" \
      "'sudo apt install python$without_venv-venv' brings both."
  fi
  fail "Python 3.11, 3.12, 3.13 or 3.14 is needed and none was found among ${candidates[*]}${others:+ (${others#, })};" \
    "install one, or name it: PYTHON=/path/to/python3.12 scripts/run"
}

# Has uv bring a Python and sets `base` and `version`; fails where that cannot be. Where there is no
# uv, the pip of the interpreter $1 brings it for once. The Python stays where uv keeps its own.
python_from_uv() {
  local uv brought scratch="" said range=">=3.11,<3.14"
  said="$(mktemp)"
  if ! uv="$(command -v uv)"; then
    say "no suitable Python is here; asking pip for uv, which can bring one"
    scratch="$(mktemp -d)"
    uv="$scratch/bin/uv"
    { "$1" -m venv "$scratch" && "$scratch/bin/python" -m pip install -q uv ||
      "$1" -m pip install -q --target "$scratch" uv; } >"$said" 2>&1 || uv=""
  fi
  if [[ -n "$uv" ]]; then
    say "no suitable Python is here; uv brings one"
    "$uv" python install --no-bin "$range" >"$said" 2>&1 &&
      brought="$("$uv" python find --managed-python "$range" 2>>"$said")" || brought=""
  fi
  if [[ -z "${brought:-}" ]]; then say "that failed: $(tail -n 1 "$said" | sed 's,^ *,,')"; fi
  rm -rf "$scratch" "$said"
  [[ -n "${brought:-}" ]] && base="$brought" && read -r version _ < <(probe "$base")
}

# What, besides the extra, an environment has to be remade (first two lines) or updated for.
fingerprint() {
  printf 'root %s\n' "$root"
  printf 'python %s\n' "$(readlink -f "$venv/bin/python")"
  cat "$root/pyproject.toml" "$root/constraints.txt" | cksum
}

python_as_asked() {
  [[ -z "${PYTHON:-}" || "$(probe "$PYTHON")" == "$(probe "$venv/bin/python")" ]]
}

is_current() { # $1: run or test; an environment with the test extra serves both
  [[ -x "$venv/bin/python" && -f "$stamp" && ! -e "$unfinished" ]] || return 1
  local installed
  installed="$(<"$stamp")"
  [[ "${installed%%$'\n'*}" == "$1" || "${installed%%$'\n'*}" == test ]] &&
    [[ "${installed#*$'\n'}" == "$(fingerprint)" ]] && python_as_asked
}

# Whether .venv as it stands can be installed into; otherwise it is made anew.
is_usable() {
  local version
  [[ ! -e "$unfinished" ]] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || return 1
  read -r version _ < <(probe "$venv/bin/python")
  supported "$version" && python_as_asked || return 1
  [[ ! -f "$stamp" || "$(sed -n 2,3p "$stamp")" == "$(fingerprint | sed -n 1,2p)" ]]
}

make_environment() {
  choose_python
  if [[ -e "$venv" && ! -e "$stamp" && ! -e "$unfinished" ]]; then
    fail "$venv was not made by this script and cannot be used (another Python, or no pip); move it away."
  fi
  say "making .venv with Python $version ($(command -v "$base"))"
  mkdir -p "$venv" && : >"$unfinished" || fail "cannot write to $venv"
  find "$venv/" -mindepth 1 ! -path "$unfinished" -delete
  "$base" -m venv "$venv" >"$log" 2>&1 || fail "'$base -m venv' failed; see $log"
}

# Explains why pip failed. Its log says when it begins to change files: before, nothing is lost.
explain_pip() {
  if ! grep -q 'Installing collected packages' "$log"; then rm -f "$unfinished"; fi
  local reason last
  reason="pip could not install the dependencies"
  if grep -qE 'connection broken by|Could not fetch URL|Could not find a version.*from versions: none' "$log"
  then
    reason="the package index cannot be reached (check the network, or pip's index and proxy settings)"
  fi
  last="$(grep -E 'E(rror|RROR): ' "$log" | grep -vE 'exited with|generation failed|pip\._internal' |
    tail -n 1 | sed -E 's/^[-0-9T:,]+ +(ERROR: )?//')" || true
  fail "$reason; pip's last words: ${last:-none}. The whole log: $log"
}

# The first run on a machine compiles the products of images: so that it need not, train once here.
# What is compiled lies beside the sources, or where numba may write. Nothing depends on it.
compile_kernels() {
  local scratch
  scratch="$(mktemp -d)"
  say "compiling for this processor (some seconds)"
  "$venv/bin/python" -m stat4830_grad -m problem=digits model=logistic,mlp gradient=manual steps=1 \
    figures=false hydra.sweep.dir="$scratch/run" >"$scratch/said" 2>&1 ||
    say "that failed, and is done by the first run: $(tail -n 1 "$scratch/said")"
  rm -rf "$scratch"
}

install_package() { # $1: run or test
  local target="." pip=("$venv/bin/python" -m pip install --log "$log" -c constraints.txt)
  if [[ "$1" == test ]]; then target=".[test]"; fi
  say "installing the package and its pinned dependencies (the first time: minutes, some 6 GB)"
  : >"$unfinished"
  : >"$log"
  if [[ -t 2 ]]; then
    (cd "$root" && "${pip[@]}" -e "$target" >&2) || explain_pip
  else
    (cd "$root" && "${pip[@]}" -q -e "$target" >/dev/null 2>&1) || explain_pip
  fi
  { echo "$1"; fingerprint; } >"$stamp.new"
  mv "$stamp.new" "$stamp"
  rm -f "$unfinished"
  compile_kernels
  say "ready after $SECONDS s"
}

# One set-up at a time. pip inherits the flock, so one that outlives a killed script keeps it.
lock() {
  if command -v flock >/dev/null; then
    exec 9>"$root/.venv.lock"
    flock -n 9 || { say "waiting for another set-up to finish"; flock 9; }
    return
  fi
  local directory="$root/.venv.lock.d" holder
  until mkdir "$directory" 2>/dev/null; do
    holder="$(cat "$directory/pid" 2>/dev/null)" || holder="$$" # about to write its pid
    if ! kill -0 "$holder" 2>/dev/null; then rm -rf "$directory"; continue; fi
    say "waiting for another set-up to finish (if none is running, remove $directory)"
    sleep 5
  done
  trap 'rm -rf "$root/.venv.lock.d"' EXIT
  echo $$ >"$directory/pid"
}

unlock() {
  if command -v flock >/dev/null; then exec 9>&-; return; fi
  rm -rf "$root/.venv.lock.d"
  trap - EXIT
}

ensure_environment() { # $1: run or test
  if is_current "$1"; then return; fi
  local extra="$1"
  trap 'say "interrupted; the next call repairs what is left"; exit 130' INT
  lock
  if ! is_current "$extra"; then
    if [[ "$(sed -n 1p "$stamp" 2>/dev/null)" == test ]]; then extra=test; fi
    is_usable || make_environment
    install_package "$extra"
  fi
  unlock
  trap - INT
}

# The extra $1 at its pinned versions, if the module $2 is not there. Fails if it cannot be installed.
ensure_extra() {
  if "$venv/bin/python" -c "import importlib.util as u, sys; sys.exit(u.find_spec('$2') is None)"
  then return; fi
  local failed=""
  lock
  say "installing the optional extra $1"
  : >"$unfinished"
  (cd "$root" && "$venv/bin/python" -m pip install -q --log "$log" -c constraints.txt -e ".[$1]" \
    >/dev/null 2>&1) || failed=yes
  rm -f "$unfinished"
  unlock
  [[ -z "$failed" ]]
}
