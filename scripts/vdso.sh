#!/usr/bin/env bash
# Builds the vDSO, the only machine code that the guest kernel brings along as a file:
#
#   vdso.sh           builds it if its sources have changed since it was built
#   vdso.sh --force   builds it in any case
#   vdso.sh --check   says whether the checked-in one belongs to its sources; status 1 if not
#   vdso.sh --to F    builds into another file and leaves the checked-in one alone
#
# The result is checked in, so that a build needs no C compiler for it and everybody runs the same
# bytes. Beside it lies vdso.sums: SHA-256 of the sources that it was made from, and its own.
# The same compiler and linker make the same bytes: no build id, no paths, no dates.
set -eu
root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
sources=guest-kernel/src/main/vdso
resources=guest-kernel/src/main/resources/org/biscotti/kernel/exec
inputs=("$sources/vdso.c" "$sources/vdso.lds" scripts/vdso.sh)
output=$resources/vdso.so
sums=$resources/vdso.sums

up_to_date() { [[ -f $sums && -f $output ]] && sha256sum --quiet --status --check "$sums"; }

build() {
  # General registers only, no stack protector (there is no TLS to trust here), no jump tables
  # (they need relocations), x86-64 of the first generation.
  gcc -shared -nostdlib -fPIC -O2 -std=gnu11 -Wall -Wextra -Werror \
    -ffreestanding -fno-builtin -fno-stack-protector -fcf-protection=none -fno-jump-tables \
    -fasynchronous-unwind-tables -mgeneral-regs-only -march=x86-64 -mtune=generic \
    -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both -Wl,--build-id=none -Wl,--eh-frame-hdr \
    -Wl,-Bsymbolic -Wl,-z,max-page-size=4096 -Wl,--no-undefined -Wl,--strip-all \
    -Wl,-T,"$sources/vdso.lds" "$sources/vdso.c" -o "$1.new"
  chmod 644 "$1.new"
  mv "$1.new" "$1"
}

cd "$root"
export LC_ALL=C
case ${1:-} in
  --check)
    up_to_date || {
      echo "vdso.sh: $output does not belong to its sources; run scripts/vdso.sh" >&2
      exit 1
    }
    exit
    ;;
  --to)
    build "${2:?vdso.sh --to FILE}"
    exit
    ;;
  --force) ;;
  '') up_to_date && exit ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
mkdir -p "$resources"
build "$output"
sha256sum "${inputs[@]}" "$output" >"$sums"
