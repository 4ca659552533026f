#!/usr/bin/env bash
# Installs what INCCL needs on Debian 12: one list, read by demo.sh, test.sh and soak.sh.
#
#   scripts/install-deps.sh            install what is missing
#   scripts/install-deps.sh --list     print the packages, install nothing
#
# Nothing is installed (and no network is touched) when everything is there already.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config ccache)
libraries=(libhwy-dev libhwloc-dev libsodium-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libpugixml-dev
           libcli11-dev)
tests=(libgtest-dev libgmock-dev libbenchmark-dev binutils iproute2 python3)
style=(clang-format clang-tidy)
pictures=(gnuplot-nox)
sanitizing=(clang lld libclang-rt-14-dev)

packages=("${build[@]}" "${libraries[@]}" "${tests[@]}" "${style[@]}" "${pictures[@]}" "${sanitizing[@]}")

if [ "${1:-}" = --list ]; then printf '%s\n' "${packages[@]}"; exit 0; fi
if [ "$#" -gt 0 ]; then echo "install-deps.sh: unknown argument '$1' (only --list)" >&2; exit 2; fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [ "${status:0:2}" = ii ] || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "install-deps.sh: needs root to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "install-deps.sh: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
