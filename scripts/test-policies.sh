#!/usr/bin/env bash
# The KVM integration tests once under each policy of --syscalls with calls served whenever a vCPU is
# idle, once with every call by an exit, and once without jumps; a line for each says what became of
# it. Takes half an hour. test-policies.sh [TEST], a pattern as Failsafe has it, by default all.
# Logs: target/policies/NAME.log
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_need make busybox mke2fs || exit
logs=$root/target/policies
mkdir -p "$logs"
# How long the stress test of rings lasts for each policy, in seconds.
stress=60
status=0
run() { # NAME SYSCALLS EXITLESS PATCHING [TEST]
  local result=passed
  SECONDS=0
  "$root/scripts/mvn.sh" -pl kvm-host -am verify -Dtest=NONE -Dsurefire.failIfNoSpecifiedTests=false \
    -Dfailsafe.failIfNoSpecifiedTests=false ${5:+-Dit.test="$5"} -Dbiscotti.requireKvm=true \
    -Dbiscotti.syscalls="$2" -Dbiscotti.exitless="$3" -Dbiscotti.patching="$4" -Dbiscotti.stress=$stress \
    >"$logs/$1.log" 2>&1 || { result=FAILED status=1; }
  echo "$1: $result, $(sed -n 's/^\[.*\] *Tests run: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\), Skipped: [0-9]*$/\1 tests, \2 failures, \3 errors/p' "$logs/$1.log" | tail -1), $SECONDS s"
}
run inline INLINE ON AUTO "${1-}"
stress=5 # it runs under every policy each time
run thread THREAD ON AUTO "${1-}"
run pool POOL ON AUTO "${1-}"
run adaptive ADAPTIVE ON AUTO "${1-}"
run exits ADAPTIVE OFF AUTO "${1-}"
run unpatched ADAPTIVE AUTO OFF "${1-}"
exit $status
