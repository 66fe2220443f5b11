# Sourced by the other scripts: finds the JDK, Maven and the tools that a command needs.
# Only bash builtins on the way to a JDK, because run.sh comes through here every time.
#
#   root        the repository's top level, absolute
#   biscotti_java     sets JAVA_HOME and JAVA; fails with one line when there is no JDK
#   biscotti_maven    sets MVN and what Maven needs in the environment
#   biscotti_aot_maker  sets aot_maker to what an AOT cache is good for
#   biscotti_need     makes sure that tools are there: biscotti_need gcc libc busybox mke2fs make

readonly JDK_MIN=25

root=${BASH_SOURCE[0]%/*}
[[ $root == */* || $root == .* ]] || root=./$root
cd "$root/.." && root=$PWD && cd "$OLDPWD" || exit 125

biscotti_say() { printf 'biscotti: %s\n' "$*" >&2; }

# jdk_version HOME: sets REPLY to the feature version of the JDK there, 0 when there is none.
# The file "release" is part of every JDK; starting "java -version" would cost 50 ms.
jdk_version() {
  REPLY=0
  [[ -x $1/bin/java && -x $1/bin/javac && -r $1/release ]] || return 1
  local line
  while read -r line; do
    if [[ $line == JAVA_VERSION=\"* ]]; then
      line=${line#*\"}
      line=${line%%[!0-9]*}
      REPLY=${line:-0}
      break
    fi
  done < "$1/release"
  ((REPLY >= JDK_MIN))
}

biscotti_java() {
  local home best=0 path
  if [[ -n ${JAVA_HOME:-} ]] && jdk_version "$JAVA_HOME"; then
    JAVA=$JAVA_HOME/bin/java
    export JAVA_HOME
    return 0
  fi
  path=$(type -P java) && path=$(readlink -f "$path") && home=${path%/bin/java}
  if [[ -n ${home:-} ]] && jdk_version "$home"; then
    JAVA_HOME=$home
  else
    JAVA_HOME=
    for home in /usr/lib/jvm/* /opt/* "${HOME:-/root}"/.sdkman/candidates/java/*; do
      if jdk_version "$home" && ((REPLY > best)); then
        best=$REPLY
        JAVA_HOME=$home
      fi
    done
  fi
  if [[ -z $JAVA_HOME ]]; then
    unset JAVA_HOME
    biscotti_say "no JDK $JDK_MIN or newer: install one (for example temurin-$JDK_MIN-jdk or" \
      "openjdk-$JDK_MIN-jdk) or point JAVA_HOME at it"
    return 125
  fi
  export JAVA_HOME
  JAVA=$JAVA_HOME/bin/java
}

biscotti_maven() {
  biscotti_java || return
  biscotti_need mvn || return
  MVN=$(type -P mvn)
  # Maven 3.8's own libraries use Unsafe, of which JDK 24 and later warn.
  export MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
}

# biscotti_need TOOL...: installs the Debian packages of missing tools when root, else names them.
biscotti_need() {
  local tool package missing=()
  for tool; do
    case $tool in
      libc) package=libc6-dev; [[ -e /usr/include/linux/kvm.h && -e /usr/include/stdio.h ]] && continue ;;
      busybox) package=busybox-static; type -P busybox >/dev/null && continue ;;
      mke2fs) package=e2fsprogs; PATH=$PATH:/usr/sbin:/sbin type -P mke2fs >/dev/null && continue ;;
      chromium) package=chromium; [[ $(type -P chromium chromium-browser google-chrome) ]] && continue ;;
      mvn) package=maven; type -P mvn >/dev/null && continue ;;
      *) package=$tool; type -P "$tool" >/dev/null && continue ;;
    esac
    missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0
  if ((EUID != 0)) || ! type -P apt-get >/dev/null; then
    biscotti_say "missing: install ${missing[*]} (Debian's package names)"
    return 125
  fi
  biscotti_say "installing ${missing[*]}"
  local log=${TMPDIR:-/tmp}/biscotti-apt.$$
  if { apt-get update && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    rm -f "$log"
    hash -r
  else
    tail -5 "$log" >&2
    biscotti_say "could not install ${missing[*]}; log: $log"
    return 125
  fi
}

# biscotti_aot_maker: sets aot_maker to what an AOT cache is good for, on one line: the JDK, as it
# serves only the very one that wrote it, and what the processor can do, as there is code in it. On
# a lesser processor the JVM would die of an instruction that is not there.
biscotti_aot_maker() {
  local line
  aot_maker=$JAVA_HOME
  while read -r line; do
    [[ $line == flags* ]] && aot_maker+=" ${line#*: }" && break
  done 2>/dev/null </proc/cpuinfo
  return 0
}
