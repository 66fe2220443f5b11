#!/usr/bin/env bash
# All tests: unit tests (surefire) and integration tests under KVM (failsafe).
# BISCOTTI_REQUIRE_KVM=1 makes the tests that need /dev/kvm fail, not skip, where there is none.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_need make busybox mke2fs || exit
# A browser looks at the report of the experiments; without one that test is skipped.
biscotti_need chromium
require=false
[[ ${BISCOTTI_REQUIRE_KVM:-0} == 1 ]] && require=true
exec "$root/scripts/mvn.sh" verify -Dbiscotti.requireKvm=$require
