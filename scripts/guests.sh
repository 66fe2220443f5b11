#!/bin/bash
# Compiles the guest programs, static, with the system's gcc, and what tests need of the host beside
# them; only what is out of date.
#   guest-kernel/src/test/guest/*.c          -> guest-kernel/target/guest/
#   guest-kernel/src/test/guest/hostile/*.c  -> guest-kernel/target/guest/hostile/
#   bench/guest/*.c                          -> bench/target/guest/
#   bench/baseline/*.c                       -> bench/target/baseline/
#   kvm-host/src/test/c/*.c                  -> kvm-host/target/c/
set -eu
cd "$(dirname "$0")/.."

CC=${CC:-gcc}
FLAGS=(-O2 -static -Wall -Wextra -Werror)

missing() {
  echo "guests.sh: $1 is missing: apt-get install $2" >&2
  exit 1
}

# Prints nothing and is true when the target is there and younger than all its sources.
current() {
  local target=$1 source
  shift
  [ -e "$target" ] || return 1
  for source; do [ "$target" -nt "$source" ] || return 1; done
}

compile() { # SOURCE_FOLDER TARGET_FOLDER
  local source target headers
  headers=$(find "$1" "$1/.." -maxdepth 1 -name '*.h')
  mkdir -p "$2"
  for source in "$1"/*.c; do
    target=$2/$(basename "$source" .c)
    # shellcheck disable=SC2086 # header names have no spaces
    current "$target" "$source" $headers && continue
    echo "CC $target"
    "$CC" "${FLAGS[@]}" "$source" -o "$target.tmp$$" || { rm -f "$target.tmp$$"; exit 1; }
    mv "$target.tmp$$" "$target"
  done
}

command -v "$CC" > /dev/null || missing "$CC" gcc
if [ -z "$("$CC" -print-file-name=libc.a | grep /)" ] || [ ! -e /usr/include/stdio.h ]; then
  missing "the static C library" libc6-dev
fi
[ -e /usr/include/linux/kvm.h ] || missing linux/kvm.h linux-libc-dev

compile guest-kernel/src/test/guest guest-kernel/target/guest
compile guest-kernel/src/test/guest/hostile guest-kernel/target/guest/hostile
compile bench/guest bench/target/guest
compile bench/baseline bench/target/baseline
compile kvm-host/src/test/c kvm-host/target/c
