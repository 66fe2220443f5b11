#!/usr/bin/env bash
# The paper's experiments: figures.sh [OPTION...] [NAME...]; see docs/experiments.md. Builds first, so
# that no build falls into a measurement.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_java || exit
stamp=$root/bench/target/stamp
stale=1
[[ -e $stamp ]] && read -r stale < <(find "$root"/{guest-kernel,devices,kvm-host,bench}/{src/main,pom.xml} \
  "$root/pom.xml" "$root/bench/guest" -newer "$stamp" -print -quit)
if [[ -n $stale ]]; then
  "$root/scripts/build.sh" --all || exit
  mkdir -p "$root/bench/target" && touch -r "$root/kvm-host/target/dist/stamp" "$stamp"
fi
exec "$JAVA" --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow -Djava.awt.headless=true -Dbiscotti.home="$root" \
  -cp "$root/bench/target/classes:$root/bench/target/dist/lib/*" \
  org.biscotti.bench.figures.Figures "$@"
