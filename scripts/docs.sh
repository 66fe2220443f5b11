#!/usr/bin/env bash
# Writes the documents that are generated from the sources: docs/syscalls.md from SyscallTable.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
"$root/scripts/mvn.sh" -q -pl guest-kernel compile || exit
biscotti_java || exit
exec "$JAVA" -cp "$root/guest-kernel/target/classes" \
  org.biscotti.kernel.trace.SyscallDocs "$root/docs/syscalls.md"
