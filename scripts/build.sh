#!/usr/bin/env bash
# Builds what run.sh needs: the module jars in kvm-host/target/dist/lib and the guest programs;
# with --all the benchmarks too.
# Quiet: one line to stderr at the start; Maven's output goes to a log, shown when it fails.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
modules=(-pl kvm-host -am)
[[ ${1-} == --all ]] && modules=()
dist=$root/kvm-host/target/dist
log=$root/kvm-host/target/build.log
stamp=$dist/stamp
biscotti_java || exit

mkdir -p "$dist" || exit 125
exec 9>"$root/kvm-host/target/build.lock"
flock 9 # two first runs at once build once after the other; the second has nothing to do
biscotti_say "building (log: ${log#"$root/"})"

# A change of a pom may take a jar away.
for pom in "$root"/pom.xml "$root"/*/pom.xml; do
  [[ $pom -nt $stamp ]] && rm -rf "$dist/lib" "$dist/newer"
done

# The stamp carries the time of the start: what is edited during the build is newer.
: >"$dist/stamp.new" || exit 125
"$root/scripts/mvn.sh" -q "${modules[@]}" package -DskipTests >"$log" 2>&1
status=$?
# So that the AOT cache takes picocli's classes.
if ((status == 0)) && [[ ! -e $dist/newer ]]; then
  "$JAVA" "$root/scripts/NewerClasses.java" "$dist/lib/picocli.jar" >>"$log" 2>&1 && : >"$dist/newer"
  status=$?
fi
if ((status == 0)) && [[ -x $root/scripts/guests.sh ]]; then
  "$root/scripts/guests.sh" >>"$log" 2>&1
  status=$?
fi
if ((status != 0)); then
  tail -40 "$log" >&2
  biscotti_say "the build failed; the whole log is in $log"
  exit 125
fi
mv "$dist/stamp.new" "$stamp"
