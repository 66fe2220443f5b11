#!/usr/bin/env bash
# What can be said without running a guest: format, lints, Error Prone and NullAway (they are part
# of compiling), the layers, and that generated documents are up to date (tests tagged "check").
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
status=0
for script in "$root"/scripts/*.sh "$root/.ci/run"; do
  bash -n "$script" || status=1
done
if type -P shellcheck >/dev/null; then
  shellcheck -x -e SC1091 "$root"/scripts/*.sh "$root/.ci/run" || status=1
fi
"$root/scripts/vdso.sh" --check || status=1
"$root/scripts/mvn.sh" -q verify -Dgroups=check -DskipITs || status=1
((status == 0)) && biscotti_say "check: all good"
exit $status
