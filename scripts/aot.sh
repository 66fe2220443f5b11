#!/usr/bin/env bash
# Makes an AOT cache (JEP 483, JEP 514) by a training run: aot.sh CACHE JAVA-OPTION... --module MAIN
# A failure is one line, no error: Biscotti then starts without a cache.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_java || exit 0
cache=$1
shift
mkdir -p "${cache%/*}" || exit 0
exec 9>"$cache.lock"
flock 9
log=$cache.log
biscotti_say "making the AOT cache ${cache#"$root/"}"

# A program in the guest that calls often enough to be served without exits is the best training:
# the cache then has the methods' profiles too (JEP 515), and the compiler starts with what is hot.
# Without KVM the start of the command line must do.
training=(--version)
program=$root/bench/target/guest/smallfile
if [[ -r /dev/kvm && -w /dev/kvm && -x $program ]]; then
  training=(exec -- "$program" --repeat 300)
fi
rm -f "$cache" "$cache.jdk"
if ! timeout 120 "$JAVA" -XX:AOTCacheOutput="$cache" "$@" "${training[@]}" </dev/null >"$log" 2>&1 ||
  [[ ! -s $cache ]]; then
  rm -f "$cache"
  biscotti_say "no AOT cache (log: ${log#"$root/"}); starts will be slower"
fi
biscotti_aot_maker
printf '%s\n' "$aot_maker" >"$cache.jdk"
