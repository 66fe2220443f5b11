#!/usr/bin/env bash
# The KVM integration tests on an emulated machine with kvm_amd, first with nested paging, then
# with shadow paging: the two kinds of KVM that users have, and calls are answered without an exit
# whenever a vCPU is idle. Takes hours; correctness, not speed.
# Needs root. test-svm.sh [nested|shadow] [CLASS...], by default both and every *IT class, each in a
# machine of its own. Logs and reports: target/svm/reports; a line for each class says what became of it.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
((EUID == 0)) || { biscotti_say "test-svm: needs root, to read this machine's files as its root"; exit 125; }
pagings=(nested shadow)
[[ ${1-} == nested || ${1-} == shadow ]] && pagings=("$1") && shift
classes=("$@")
((${#classes[@]})) || mapfile -t classes < <(cd "$root/kvm-host/src/test/java" && find . -name '*IT.java' -printf '%f\n' | sed 's/\.java$//' | sort)
limit_seconds=5400
svm=$root/target/svm
biscotti_need gcc libc busybox mke2fs || exit

# Everything that the tests need is built outside: the emulated machine only runs them.
"$root/scripts/mvn.sh" -q -pl kvm-host -am test-compile \
  dependency:build-classpath -Dmdep.outputFile=target/test.classpath || exit
"$root/scripts/mvn.sh" -q -N dependency:copy -Dmdep.stripVersion=true -DoutputDirectory="$svm" \
  -Dartifact=org.junit.platform:junit-platform-console-standalone:1.14.4 || exit
module=$root/kvm-host/target
classpath=$module/test-classes:$module/classes:$(<"$module/test.classpath")

# A class that finds nothing to run is a failure: no test, no result. The quick compiler alone: what
# the other one saves later does not pay for it where a processor is emulated.
tests() { # CLASS
  printf '%q ' java -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
    -Dbiscotti.home="$root" -Dbiscotti.requireKvm=true -Dbiscotti.emulated=true -Dbiscotti.exitless=ON \
    -cp "$svm/junit-platform-console-standalone.jar:$classpath" \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
    --include-engine junit-jupiter --fail-if-no-tests --details=tree --reports-dir=/out \
    --scan-class-path "$module/test-classes" \
    --include-classname ".*[.]$1"
}

status=0
for paging in "${pagings[@]}"; do
  for class in "${classes[@]}"; do
    reports=$svm/reports/$paging/$class
    mkdir -p "$reports"
    options=(-t $limit_seconds -o "$reports")
    [[ $paging == shadow ]] && options+=(-N)
    SECONDS=0
    result=passed
    "$root/scripts/svm.sh" "${options[@]}" "$(tests "$class")" >"$reports/log" 2>&1 || { status=1 result=FAILED; }
    echo "kvm_amd, $paging paging: $class $result, $(sed -n 's/^\[ *\([0-9]*\) tests successful.*/\1/p' "$reports/log") tests passed, $(sed -n 's/^\[ *\([0-9]*\) tests failed.*/\1/p' "$reports/log") failed, $SECONDS s (log: ${reports#"$root/"}/log)"
  done
done
exit $status
