#!/usr/bin/env bash
# Generates the whole binding of linux/kvm.h with jextract into target/jextract and compares it with
# the checked-in KvmAbi: every constant, size and offset. Exit 1 when something differs.
#
# The checked-in values are written by hand, so the build needs no jextract; the layout test holds
# them against the C compiler. This is the third opinion, and where new names are taken from.
# jextract is the one on the PATH, or the program that JEXTRACT names.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_java || exit
jextract=$(type -P "${JEXTRACT:-jextract}")
if [[ -z $jextract ]]; then
  biscotti_say "no ${JEXTRACT:-jextract on the PATH}: get jextract for this JDK from" \
    "jdk.java.net/jextract, or point JEXTRACT at it"
  exit 125
fi
biscotti_need libc || exit

out=$root/target/jextract
rm -rf "$out"
mkdir -p "$out/classes"
"$jextract" --output "$out/src" --target-package org.biscotti.kvm.ffi.generated \
  --header-class-name kvm_h "@$root/scripts/jextract-includes.txt" /usr/include/linux/kvm.h || exit
mapfile -t sources < <(find "$out/src" -name '*.java')
"$JAVA_HOME/bin/javac" -nowarn -d "$out/classes" "${sources[@]}" \
  "$root/kvm-host/src/main/java/org/biscotti/kvm/ffi/KvmAbi.java" || exit
exec "$JAVA" --enable-native-access=ALL-UNNAMED --class-path "$out/classes" \
  "$root/scripts/JextractDiff.java"
