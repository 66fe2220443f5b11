#!/usr/bin/env bash
# svm.sh [-N] [-t SECONDS] [-m MEMORY] [-o DIR] COMMAND
#
# Runs a shell command as root on an emulated machine whose kernel has the ordinary kvm_amd: QEMU
# emulates an AMD processor with SVM in software, so the host's own KVM is not used. It shows
# correctness on hardware-style KVM, never speed.
#
#   -N  nested paging off (kvm_amd npt=0: shadow paging)
#   -t  limit of the wall time in seconds (default 1800)
#   -m  memory of the machine (default 6G)
#   -o  a folder of the host that is writable in the machine, at /out
#
# The machine's root is this machine's, read-only beneath a tmpfs: same paths, same programs, same
# JDK, and nothing that is written there stays. The working directory is the repository.
# Exit: the command's own status; 124 time limit; 125 the machine failed.
#
# Kernel (Debian trixie) and, where the installed QEMU is older than 8.1, a newer QEMU come from
# the mirror in the machine's own apt sources; all of it is kept in target/svm.
set -uo pipefail
. "${BASH_SOURCE[0]%/*}/env.sh"

npt=1 limit=1800 memory=6G out=
while getopts Nt:m:o: option; do
  case $option in
    N) npt=0 ;;
    t) limit=$OPTARG ;;
    m) memory=$OPTARG ;;
    o) out=$(readlink -f "$OPTARG") ;;
    *) exit 125 ;;
  esac
done
shift $((OPTIND - 1))
cache=$root/target/svm
mkdir -p "$cache" || exit 125
export PATH=$PATH:/usr/sbin:/sbin

die() {
  biscotti_say "svm: $*"
  exit 125
}

mirror() {
  sed -n 's|^URIs: *\(.*\)/debian/*$|\1|p; s|^deb .*\(http[^ ]*\)/debian .*|\1|p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1
}

# private_apt DIR LINE...: an apt state of its own in DIR with these sources; sets APT_CONFIG.
private_apt() {
  local dir=$1
  shift
  mkdir -p "$dir"/{lists/partial,cache/archives/partial}
  [[ -e $dir/status ]] || : >"$dir/status"
  printf "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror)/%s\n" "$@" \
    >"$dir/sources.list"
  cat >"$dir/conf" <<CONF
Dir::State::lists "$dir/lists"; Dir::Cache "$dir/cache"; Dir::State::status "$dir/status";
Dir::Etc::sourcelist "$dir/sources.list"; Dir::Etc::sourceparts "-";
APT::Sandbox::User "root"; Acquire::Languages "none";
CONF
  export APT_CONFIG=$dir/conf
}

# Sets qemu. Below 8.1 the emulator, multi-threaded, loses races with the kernel's code patching.
find_qemu() {
  local version dir=$cache/qemu log=$cache/qemu.log package
  qemu=$(type -P qemu-system-x86_64)
  if [[ -n $qemu ]]; then
    version=$("$qemu" --version | sed -n 's/.*version \([0-9]*\)\.\([0-9]*\).*/\1\2/p')
    ((${version:-0} >= 81)) && return
  fi
  qemu=$dir/qemu
  [[ -e $dir/ok ]] && return
  [[ -n $(mirror) ]] || die "needs qemu-system-x86_64 8.1 or newer: install qemu-system-x86"
  biscotti_say "svm: fetching a newer QEMU"
  rm -rf "$dir"
  mkdir -p "$dir/root" "$dir/apt"
  cp /var/lib/dpkg/status "$dir/apt/status"
  (
    private_apt "$dir/apt" "debian bookworm main" "debian bookworm-updates main" \
      "debian-security bookworm-security main" "debian bookworm-backports main"
    apt-get update && apt-get install -y --reinstall --download-only --no-install-recommends \
      -t bookworm-backports qemu-system-x86 qemu-system-common qemu-system-data seabios
  ) >"$log" 2>&1 || die "no QEMU (log: $log)"
  for package in "$dir"/apt/cache/archives/*.deb; do
    dpkg -x "$package" "$dir/root" || die "cannot unpack $package"
  done
  cat >"$qemu" <<'WRAPPER'
#!/bin/sh
root=${0%/*}/root
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
exec "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"
WRAPPER
  chmod +x "$qemu"
  "$qemu" --version >>"$log" 2>&1 || die "QEMU does not start (log: $log)"
  rm -rf "$dir/apt"
  : >"$dir/ok"
}

# Sets kernel: a folder with vmlinux, the modules and their order.
find_kernel() {
  local log=$cache/kernel.log package image offset length tree version module path name
  kernel=$cache/kernel
  [[ -e $kernel/ok ]] && return
  [[ -n $(mirror) ]] || die "no Debian mirror in apt's sources to take a kernel from"
  biscotti_say "svm: fetching a kernel"
  rm -rf "$kernel"
  mkdir -p "$kernel"/{root,modules,tree/lib/modules}
  (
    private_apt "$kernel/apt" "debian trixie main"
    apt-get update || exit
    package=$(apt-cache depends linux-image-amd64 |
      sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -1)
    cd "$kernel" && apt-get download "$package"
  ) >"$log" 2>&1 || die "no kernel (log: $log)"
  dpkg -x "$kernel"/linux-image-*.deb "$kernel/root" || die "cannot unpack the kernel"

  # QEMU enters an uncompressed kernel directly, which saves unpacking it under emulation. Where
  # the compressed payload lies in a bzImage: the kernel's Documentation/arch/x86/boot.rst.
  image=$(echo "$kernel"/root/boot/vmlinuz-*)
  field() { od -An -t"$1" -j"$2" -N"$3" "$image" | tr -d ' '; }
  offset=$((($(field u1 497 1) + 1) * 512 + $(field u4 584 4)))
  length=$(field u4 588 4)
  tail -c +$((offset + 1)) "$image" | head -c "$length" >"$kernel/payload"
  xz -dc --single-stream "$kernel/payload" >"$kernel/vmlinux" 2>/dev/null ||
    zstd -dcq <"$kernel/payload" >"$kernel/vmlinux" 2>/dev/null || cp "$image" "$kernel/vmlinux"

  for tree in "$kernel"/root/lib/modules/* "$kernel"/root/usr/lib/modules/*; do
    [[ -d $tree ]] && mv "$tree" "$kernel/tree/lib/modules/"
  done
  version=$(basename "$kernel"/tree/lib/modules/*)
  depmod -b "$kernel/tree" "$version" 2>/dev/null
  for module in virtio_pci virtio_console 9p 9pnet_virtio overlay kvm kvm_amd; do
    modprobe -d "$kernel/tree" -S "$version" --show-depends "$module" 2>/dev/null
  done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r path; do
    name=$(basename "$path" .xz)
    if [[ $path == *.xz ]]; then xz -dc "$path" >"$kernel/modules/$name"; else
      cp "$path" "$kernel/modules/$name"; fi
    echo "$name" >>"$kernel/modules/order"
  done
  [[ -e $kernel/modules/kvm-amd.ko ]] || die "the kernel package has no kvm-amd"
  rm -rf "$kernel"/{root,tree,payload,apt} "$kernel"/linux-image-*.deb
  echo "$version" >"$kernel/version"
  : >"$kernel/ok"
}

# make_initrd FILE COMMAND: busybox, the modules, an init that mounts this machine's root and runs
# the command in it.
make_initrd() {
  local dir=$work/initrd
  mkdir -p "$dir"/{bin,proc,sys,dev,lower,upper,root}
  cp "$(type -P busybox)" "$dir/bin/busybox"
  cp -r "$kernel/modules" "$dir/modules"
  printf '%s\n' "$2" >"$dir/command"
  printf 'NPT=%s\nOUT=%s\nDIRECTORY=%q\nJAVA_HOME=%q\n' "$npt" "$out" "$root" "$JAVA_HOME" \
    >"$dir/settings"
  cat >"$dir/init" <<'INIT'
#!/bin/busybox sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
/bin/busybox --install -s /bin
. /settings
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 cgroup /sys/fs/cgroup && echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
for link in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -sf /proc/self/${link#*:} /dev/${link%:*}; done
while read -r module; do
  options=
  [ $module = kvm-amd.ko ] && options=npt=$NPT
  insmod /modules/$module $options || echo "SVM: insmod $module failed"
done < /modules/order
[ -c /dev/kvm ] || echo "SVM: no /dev/kvm"
share=trans=virtio,version=9p2000.L,msize=524288
mount -t 9p -o ro,cache=loose,$share root /lower
mount -t tmpfs tmpfs /upper
mkdir /upper/upper /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/upper,workdir=/upper/work overlay /root ||
  echo "SVM: no overlay"
for dir in proc sys dev; do mkdir -p /root/$dir; mount --rbind /$dir /root/$dir; done
case $DIRECTORY in /tmp/*) ;; *) mount -t tmpfs tmpfs /root/tmp ;; esac
mkdir -p /root/out
[ -n "$OUT" ] && mount -t 9p -o cache=none,$share out /root/out
ip link set lo up
for port in /sys/class/virtio-ports/*; do ln -sf /dev/${port##*/} /dev/svm.$(cat $port/name); done
cp /command /root/tmp/.command
export HOME=/root TERM=dumb LANG=C.UTF-8 JAVA_HOME PATH=$JAVA_HOME/bin:$PATH
chroot /root /bin/sh -c "cd '$DIRECTORY' && exec /bin/sh /tmp/.command" \
  </dev/null >/dev/svm.output 2>&1
echo $? >/dev/svm.status
dmesg | grep -E 'BUG:|WARNING:|Oops|lockup|rcu.*stall' | sed 's/^/SVM: /'
sync
poweroff -f
INIT
  chmod +x "$dir/init"
  (cd "$dir" && find . | cpio -o -H newc --quiet) >"$1"
}

biscotti_java || exit
biscotti_need busybox || exit
for tool in cpio:cpio depmod:kmod xz:xz-utils zstd:zstd; do
  type -P "${tool%:*}" >/dev/null || biscotti_need "${tool#*:}" || exit
done
exec 9>"$cache/lock"
flock 9 # one at a time fetches
find_qemu
find_kernel
flock -u 9

work=$(mktemp -d "$cache/run.XXXXXX") || exit 125
machine=
cleanup() {
  [[ -n $machine ]] && kill "$machine" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
make_initrd "$work/initrd.cpio" "$*"

mkfifo "$work/output"
cat "$work/output" &
reader=$!
# The emulated TSC is the host's: told, not calibrated, which goes wrong on a busy host.
tsc=$(awk '/^cpu MHz/ {printf "%d", $4 * 1000; exit}' /proc/cpuinfo)
share=security_model=none,multidevs=remap
folders=(-virtfs "local,path=/,mount_tag=root,readonly=on,$share")
[[ -n $out ]] && folders+=(-virtfs "local,path=$out,mount_tag=out,$share")
# One thread for both processors: with two the emulator now and then runs a processor on stale
# translations, and a program, or the JVM, dies of an exception that it has not made.
timeout -k 5 "$limit" "$qemu" -M q35 -accel tcg,thread=single -cpu EPYC -smp 2 -m "$memory" \
  -nodefaults -no-user-config -display none -no-reboot \
  -kernel "$kernel/vmlinux" -initrd "$work/initrd.cpio" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable tsc_early_khz=$tsc" \
  -serial "file:$work/console" -device virtio-serial-pci \
  -chardev "file,id=output,path=$work/output" -device virtserialport,chardev=output,name=output \
  -chardev "file,id=status,path=$work/status" -device virtserialport,chardev=status,name=status \
  "${folders[@]}" </dev/null 2>"$work/errors" &
machine=$!
wait "$machine"
ended=$?
machine=
kill "$reader" 2>/dev/null # it has seen the end unless QEMU never opened its side
wait "$reader" 2>/dev/null

tr -d '\r\0' <"$work/console" 2>/dev/null | grep '^SVM: ' >&2
if ((ended == 124 || ended == 137)); then
  biscotti_say "svm: time limit of $limit s"
  exit 124
fi
status=$(tr -cd 0-9 <"$work/status" 2>/dev/null)
if [[ -z $status ]]; then
  tail -5 "$work/errors" >&2
  tr -d '\r\0' <"$work/console" 2>/dev/null | tail -20 >&2
  die "the machine ended without a status (QEMU's: $ended)"
fi
exit "$status"
