#!/usr/bin/env bash
# Maven with the right JDK and the tools that the build runs. Arguments go to mvn unchanged.
set -u
. "${BASH_SOURCE[0]%/*}/env.sh"
biscotti_maven || exit
biscotti_need gcc libc || exit
cd "$root" || exit 125
color=auto
[[ -t 1 ]] || color=never
exec "$MVN" -ntp -Dstyle.color=$color "$@"
