#!/usr/bin/env bash
# Runs Biscotti: ./scripts/run.sh smallfile | exec [OPTION...] -- PROGRAM [ARG...] | --help
# "figures" is a program of its own, scripts/figures.sh, which comes back here for each machine.
#
# Builds on first use and after a change of the sources, makes the AOT cache of the collector in
# use, and becomes the JVM. On the way there nothing but builtins and one find, so that the
# script costs a few milliseconds.
set -u
started=${EPOCHREALTIME-}

# A standard descriptor that is closed would be taken by the first file that the JVM opens, and the
# program would read or write that.
closed=
for fd in 0 1 2; do
  if [[ ! -e /proc/self/fd/$fd ]]; then
    closed+=$fd
    eval "exec $fd<>/dev/null"
  fi
done

self=${BASH_SOURCE[0]}
[[ -L $self ]] && self=$(readlink -f "$self")
[[ $self == */* ]] || self=./$self
[[ ${1-} == figures ]] && exec "${self%/*}/figures.sh" "${@:2}"
. "${self%/*}/env.sh"
biscotti_java || exit

lib=$root/kvm-host/target/dist/lib
stamp=$root/kvm-host/target/dist/stamp

# ---- build ----------------------------------------------------------------------------------
stale=
if [[ ! -e $stamp ]]; then
  stale=1
else
  # Directories count too: a deleted file makes its directory newer.
  sources=("$root"/{guest-kernel,devices,kvm-host}/{src/main,pom.xml} "$root/pom.xml")
  for path in "$root"/bench/guest "$root"/scripts/{vdso,guests}.sh; do
    [[ -e $path ]] && sources+=("$path")
  done
  read -r stale < <(find "${sources[@]}" -newer "$stamp" -print -quit)
fi
[[ -z $stale ]] || "$root/scripts/build.sh" || exit

# ---- collector, heap and options of the JVM ---------------------------------------------------
# Options end where the command line sees their end: at the first word that is none, the program.
gc=g1
heap=
jvm=
for ((i = 2; i <= $#; i++)); do
  case ${!i} in
    --gc=*) gc=${!i#--gc=} ;;
    --gc) ((i++)); gc=${!i-} ;;
    --kernel-heap=*) heap=${!i#--kernel-heap=} ;;
    --kernel-heap) ((i++)); heap=${!i-} ;;
    --jvm=*) jvm=${!i#--jvm=} ;;
    --jvm) ((i++)); jvm=${!i-} ;;
    # These have a value, which may be the next word.
    --cpus | --cwd | --dirs | --env | --exitless | --files | --fork | --inodes | --jfr | --json) ((i++)) ;;
    --memory | --mount | --parallel | --patching | --repeat | --root | --size | --syscalls) ((i++)) ;;
    -- | - | [!-]* | "") break ;;
  esac
done
case $gc in
  zgc) collector=(-XX:+UseZGC) ;;
  shenandoah) collector=(-XX:+UseShenandoahGC -XX:ShenandoahGCMode=generational) ;;
  parallel) collector=(-XX:+UseParallelGC) ;;
  serial) collector=(-XX:+UseSerialGC) ;;
  *) gc=g1 collector=(-XX:+UseG1GC) ;; # the command line itself rejects a name that it does not know
esac

# ---- java -----------------------------------------------------------------------------------
# Native access is for the two modules with ffi packages. (--illegal-native-access=deny would deny it
# to the rest, but it also switches the AOT cache's module graph off, 90 ms of 150; that nobody else
# makes such a call is proved by the compiler and by LayersTest, and the kernel's own tests run with
# it.) The kernel gets java.lang opened for a virtual thread with a scheduler of its own.
options=(
  "${collector[@]}"
  -Xlog:disable
  -XX:-UsePerfData
  -XX:ErrorFile="$root/kvm-host/target/hs_err_pid%p.log"
  --module-path "$lib"
  --enable-native-access=org.biscotti.kvm,org.biscotti.devices
  --add-opens=java.base/java.lang=org.biscotti.kernel
  -Dbiscotti.home="$root"
  -Dbiscotti.started="$started"
  -Dbiscotti.closed="$closed"
)
main=(--module org.biscotti.kvm/org.biscotti.kvm.cli.Main)

# A size that the command line will reject is not for the JVM, whose own words would be others. The
# AOT cache does not depend on the size of the heap, only on the collector.
if [[ ${heap^^} =~ ^([0-9]{1,9})([KMGT]?)(I?B)?$ ]]; then
  bytes=$((10#${BASH_REMATCH[1]}))
  case ${BASH_REMATCH[2]} in
    K) ((bytes <<= 10)) ;;
    M) ((bytes <<= 20)) ;;
    G) ((bytes <<= 30)) ;;
    T) ((bytes <<= 40)) ;;
  esac
  ((bytes >= 64 << 20 && bytes <= 1 << 40)) && options+=(-Xmx"$bytes")
fi

# ---- AOT cache ------------------------------------------------------------------------------
# One per collector: a cache dumped under one is refused by another. Its sidecar names the JDK and
# the processor (biscotti_aot_maker), and is written for a failure too, so that it is not tried
# again on every start.
aot=$root/kvm-host/target/aot/$gc.aot
made=
[[ $aot.jdk -nt $stamp ]] && read -r made <"$aot.jdk"
biscotti_aot_maker
if [[ $made != "$aot_maker" ]]; then
  "$root/scripts/aot.sh" "$aot" "${options[@]}" "${main[@]}"
fi
[[ -e $aot ]] && options+=(-XX:AOTCache="$aot")

# shellcheck disable=SC2086 # words on purpose
exec "$JAVA" "${options[@]}" ${BISCOTTI_JAVA_OPTS-} $jvm "${main[@]}" "$@"
