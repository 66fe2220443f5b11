#!/usr/bin/env bash
# The JMH benchmarks: bench.sh [JMH-OPTION|REGEX]... ; results also go to bench/target/jmh.json.
# JMH forks itself on the class path, so native access goes to the unnamed module here.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
"$root/scripts/build.sh" --all || exit
biscotti_java || exit
cd "$root" || exit 125
exec "$JAVA" --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
  -Dbiscotti.home="$root" -cp "$root/bench/target/classes:$root/bench/target/dist/lib/*" \
  org.openjdk.jmh.Main -rf json -rff "$root/bench/target/jmh.json" "$@"
