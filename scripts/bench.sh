#!/usr/bin/env bash
# The benchmarks: bench.sh [JMH-OPTION|REGEX]... ; see bench/README.md. The results are in
# bench/target/jmh.json, the tables in bench/target/report.txt.
# JMH forks itself on the class path, so native access goes to the unnamed module here. Its own
# version uses Unsafe, of which JDK 24 and later warn.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
"$root/scripts/build.sh" --all || exit
biscotti_java || exit
cd "$root" || exit 125
exec "$JAVA" --enable-native-access=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
  --sun-misc-unsafe-memory-access=allow -Djava.awt.headless=true \
  -Dbiscotti.home="$root" -cp "$root/bench/target/classes:$root/bench/target/dist/lib/*" \
  org.biscotti.bench.Benchmarks "$@"
