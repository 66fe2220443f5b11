#!/usr/bin/env bash
# The KVM integration tests on an emulated machine with kvm_amd, first with nested paging, then
# with shadow paging: the two kinds of KVM that users have. Takes minutes; correctness, not speed.
# Needs root. test-svm.sh [CLASS-NAME-PATTERN], by default every *IT class. Reports: target/svm/reports.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
((EUID == 0)) || { biscotti_say "test-svm: needs root, to read this machine's files as its root"; exit 125; }
pattern=${1:-'.*IT$'}
svm=$root/target/svm
biscotti_need gcc libc busybox mke2fs || exit

# Everything that the tests need is built outside: the emulated machine only runs them.
"$root/scripts/mvn.sh" -q -pl kvm-host -am test-compile \
  dependency:build-classpath -Dmdep.outputFile=target/test.classpath || exit
"$root/scripts/mvn.sh" -q -N dependency:copy -Dmdep.stripVersion=true -DoutputDirectory="$svm" \
  -Dartifact=org.junit.platform:junit-platform-console-standalone:1.14.4 || exit
module=$root/kvm-host/target
classpath=$module/test-classes:$module/classes:$(<"$module/test.classpath")

# A class that finds nothing to run is a failure: no test, no result.
tests() {
  printf '%q ' java --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
    -Dbiscotti.home="$root" -Dbiscotti.requireKvm=true -Dbiscotti.emulated=true \
    -cp "$svm/junit-platform-console-standalone.jar:$classpath" \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
    --include-engine junit-jupiter --fail-if-no-tests --details=tree --reports-dir=/out \
    --scan-class-path "$module/test-classes" \
    --include-classname "$pattern"
}

status=0
for paging in nested shadow; do
  mkdir -p "$svm/reports/$paging"
  options=(-o "$svm/reports/$paging")
  [[ $paging == shadow ]] && options+=(-N)
  echo "== kvm_amd, $paging paging"
  "$root/scripts/svm.sh" "${options[@]}" "$(tests)" || { status=1; biscotti_say "test-svm: $paging paging failed"; }
done
exit $status
