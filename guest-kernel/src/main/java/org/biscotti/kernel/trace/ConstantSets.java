package org.biscotti.kernel.trace;

import java.util.Map;
import java.util.stream.Stream;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Mman;
import org.biscotti.kernel.abi.Signals;

/**
 * The sets of constants by the names that the table of calls has for them ({@code flags:open},
 * {@code enum:whence}). Names and values are those of the headers; a test compares.
 */
final class ConstantSets {
  private static final int MAP_HUGE_SHIFT = 26;
  private static final long PERSONALITY_QUERY = 0xffff_ffffL;
  private static final int PERSONALITY_KIND = 0xff;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final int SOCKET_TYPE = 0xf;

  private static final Map<String, ConstantSet> ENUMS =
      Map.ofEntries(
          Map.entry(
              "ptrace",
              new ConstantSet(
                  "PTRACE_???",
                  """
                  PTRACE_TRACEME=0 PTRACE_PEEKTEXT=1 PTRACE_PEEKDATA=2 PTRACE_PEEKUSER=3
                  PTRACE_POKETEXT=4 PTRACE_POKEDATA=5 PTRACE_POKEUSER=6 PTRACE_CONT=7 PTRACE_KILL=8
                  PTRACE_SINGLESTEP=9 PTRACE_GETREGS=12 PTRACE_SETREGS=13 PTRACE_ATTACH=16
                  PTRACE_DETACH=17 PTRACE_SYSCALL=24 PTRACE_SETOPTIONS=0x4200
                  PTRACE_GETEVENTMSG=0x4201 PTRACE_GETSIGINFO=0x4202 PTRACE_SETSIGINFO=0x4203
                  PTRACE_GETREGSET=0x4204 PTRACE_SETREGSET=0x4205 PTRACE_SEIZE=0x4206
                  PTRACE_INTERRUPT=0x4207 PTRACE_LISTEN=0x4208
                  PTRACE_GET_SYSCALL_INFO=0x420e
                  """)),
          Map.entry(
              "membarrier",
              new ConstantSet(
                  "MEMBARRIER_CMD_???",
                  """
                  MEMBARRIER_CMD_QUERY=0 MEMBARRIER_CMD_GLOBAL=1
                  MEMBARRIER_CMD_GLOBAL_EXPEDITED=2 MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED=4
                  MEMBARRIER_CMD_PRIVATE_EXPEDITED=8 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED=16
                  MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE=32
                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE=64
                  MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ=128
                  MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ=256
                  """)),
          Map.entry(
              "signal_code",
              new ConstantSet(
                  "",
                  """
                  SI_USER=0 SI_KERNEL=0x80 SI_QUEUE=-1 SI_TIMER=-2 SI_MESGQ=-3 SI_ASYNCIO=-4
                  SI_SIGIO=-5 SI_TKILL=-6
                  """)),
          Map.entry("shutdown", new ConstantSet("SHUT_???", "SHUT_RD=0 SHUT_WR=1 SHUT_RDWR=2")),
          Map.entry("socket_level", new ConstantSet("SOL_???", "SOL_SOCKET=1")),
          Map.entry(
              "socket_option",
              new ConstantSet(
                  "SO_???",
                  """
                  SO_DEBUG=1 SO_REUSEADDR=2 SO_TYPE=3 SO_ERROR=4 SO_DONTROUTE=5 SO_BROADCAST=6
                  SO_SNDBUF=7 SO_RCVBUF=8 SO_KEEPALIVE=9 SO_OOBINLINE=10 SO_PRIORITY=12
                  SO_LINGER=13 SO_REUSEPORT=15 SO_PASSCRED=16 SO_PEERCRED=17 SO_RCVLOWAT=18
                  SO_SNDLOWAT=19 SO_RCVTIMEO_OLD=20 SO_SNDTIMEO_OLD=21 SO_ACCEPTCONN=30
                  SO_PEERSEC=31 SO_SNDBUFFORCE=32 SO_RCVBUFFORCE=33 SO_PROTOCOL=38 SO_DOMAIN=39
                  """)),
          Map.entry(
              "epoll_ctl",
              new ConstantSet("EPOLL_CTL_???", "EPOLL_CTL_ADD=1 EPOLL_CTL_DEL=2 EPOLL_CTL_MOD=3")),
          Map.entry(
              "whence",
              new ConstantSet(
                  "SEEK_???", "SEEK_SET=0 SEEK_CUR=1 SEEK_END=2 SEEK_DATA=3 SEEK_HOLE=4")),
          Map.entry(
              "fcntl",
              new ConstantSet(
                  "F_???",
                  """
                  F_DUPFD=0 F_GETFD=1 F_SETFD=2 F_GETFL=3 F_SETFL=4 F_GETLK=5 F_SETLK=6 F_SETLKW=7
                  F_SETOWN=8 F_GETOWN=9 F_SETSIG=10 F_GETSIG=11 F_SETOWN_EX=15 F_GETOWN_EX=16
                  F_OFD_GETLK=36 F_OFD_SETLK=37 F_OFD_SETLKW=38 F_SETLEASE=1024 F_GETLEASE=1025
                  F_NOTIFY=1026 F_DUPFD_QUERY=1027 F_CREATED_QUERY=1028 F_DUPFD_CLOEXEC=1030
                  F_SETPIPE_SZ=1031 F_GETPIPE_SZ=1032 F_ADD_SEALS=1033 F_GET_SEALS=1034
                  """)),
          Map.entry("lock", new ConstantSet("F_???", "F_RDLCK=0 F_WRLCK=1 F_UNLCK=2")),
          Map.entry(
              "madvice",
              new ConstantSet(
                  "MADV_???",
                  """
                  MADV_NORMAL=0 MADV_RANDOM=1 MADV_SEQUENTIAL=2 MADV_WILLNEED=3 MADV_DONTNEED=4
                  MADV_FREE=8 MADV_REMOVE=9 MADV_DONTFORK=10 MADV_DOFORK=11 MADV_MERGEABLE=12
                  MADV_UNMERGEABLE=13 MADV_HUGEPAGE=14 MADV_NOHUGEPAGE=15 MADV_DONTDUMP=16
                  MADV_DODUMP=17 MADV_WIPEONFORK=18 MADV_KEEPONFORK=19 MADV_COLD=20
                  MADV_PAGEOUT=21 MADV_POPULATE_READ=22 MADV_POPULATE_WRITE=23
                  MADV_DONTNEED_LOCKED=24 MADV_COLLAPSE=25 MADV_HWPOISON=100
                  MADV_SOFT_OFFLINE=101
                  """)),
          Map.entry(
              "fadvice",
              new ConstantSet(
                  "POSIX_FADV_???",
                  """
                  POSIX_FADV_NORMAL=0 POSIX_FADV_RANDOM=1 POSIX_FADV_SEQUENTIAL=2
                  POSIX_FADV_WILLNEED=3 POSIX_FADV_DONTNEED=4 POSIX_FADV_NOREUSE=5
                  """)),
          Map.entry(
              "clock",
              new ConstantSet(
                  "CLOCK_???",
                  """
                  CLOCK_REALTIME=0 CLOCK_MONOTONIC=1 CLOCK_PROCESS_CPUTIME_ID=2
                  CLOCK_THREAD_CPUTIME_ID=3 CLOCK_MONOTONIC_RAW=4 CLOCK_REALTIME_COARSE=5
                  CLOCK_MONOTONIC_COARSE=6 CLOCK_BOOTTIME=7 CLOCK_REALTIME_ALARM=8
                  CLOCK_BOOTTIME_ALARM=9 CLOCK_SGI_CYCLE=10 CLOCK_TAI=11
                  """)),
          Map.entry(
              "itimer",
              new ConstantSet("ITIMER_???", "ITIMER_REAL=0 ITIMER_VIRTUAL=1 ITIMER_PROF=2")),
          Map.entry(
              "rusage",
              new ConstantSet("RUSAGE_???", "RUSAGE_SELF=0 RUSAGE_CHILDREN=-1 RUSAGE_THREAD=1")),
          Map.entry(
              "rlimit",
              new ConstantSet(
                  "RLIMIT_???",
                  """
                  RLIMIT_CPU=0 RLIMIT_FSIZE=1 RLIMIT_DATA=2 RLIMIT_STACK=3 RLIMIT_CORE=4
                  RLIMIT_RSS=5 RLIMIT_NPROC=6 RLIMIT_NOFILE=7 RLIMIT_MEMLOCK=8 RLIMIT_AS=9
                  RLIMIT_LOCKS=10 RLIMIT_SIGPENDING=11 RLIMIT_MSGQUEUE=12 RLIMIT_NICE=13
                  RLIMIT_RTPRIO=14 RLIMIT_RTTIME=15
                  """)),
          Map.entry(
              "sigmask", new ConstantSet("SIG_???", "SIG_BLOCK=0 SIG_UNBLOCK=1 SIG_SETMASK=2")),
          Map.entry(
              "sched",
              new ConstantSet(
                  "SCHED_???",
                  """
                  SCHED_OTHER=0 SCHED_FIFO=1 SCHED_RR=2 SCHED_BATCH=3 SCHED_ISO=4 SCHED_IDLE=5
                  SCHED_DEADLINE=6
                  """)),
          Map.entry(
              "priority", new ConstantSet("PRIO_???", "PRIO_PROCESS=0 PRIO_PGRP=1 PRIO_USER=2")),
          Map.entry(
              "arch_prctl",
              new ConstantSet(
                  "ARCH_???",
                  """
                  ARCH_SET_GS=0x1001 ARCH_SET_FS=0x1002 ARCH_GET_FS=0x1003 ARCH_GET_GS=0x1004
                  ARCH_GET_CPUID=0x1011 ARCH_SET_CPUID=0x1012
                  """)),
          Map.entry(
              "prctl",
              new ConstantSet(
                  "PR_???",
                  """
                  PR_SET_PDEATHSIG=1 PR_GET_PDEATHSIG=2 PR_GET_DUMPABLE=3 PR_SET_DUMPABLE=4
                  PR_GET_UNALIGN=5 PR_SET_UNALIGN=6 PR_GET_KEEPCAPS=7 PR_SET_KEEPCAPS=8
                  PR_GET_TIMING=13 PR_SET_TIMING=14 PR_SET_NAME=15 PR_GET_NAME=16
                  PR_GET_SECCOMP=21 PR_SET_SECCOMP=22 PR_CAPBSET_READ=23 PR_CAPBSET_DROP=24
                  PR_GET_TSC=25 PR_SET_TSC=26 PR_GET_SECUREBITS=27 PR_SET_SECUREBITS=28
                  PR_SET_TIMERSLACK=29 PR_GET_TIMERSLACK=30 PR_TASK_PERF_EVENTS_DISABLE=31
                  PR_TASK_PERF_EVENTS_ENABLE=32 PR_MCE_KILL=33 PR_MCE_KILL_GET=34 PR_SET_MM=35
                  PR_SET_CHILD_SUBREAPER=36 PR_GET_CHILD_SUBREAPER=37 PR_SET_NO_NEW_PRIVS=38
                  PR_GET_NO_NEW_PRIVS=39 PR_GET_TID_ADDRESS=40 PR_SET_THP_DISABLE=41
                  PR_GET_THP_DISABLE=42 PR_CAP_AMBIENT=47 PR_GET_SPECULATION_CTRL=52
                  PR_SET_SPECULATION_CTRL=53 PR_SET_IO_FLUSHER=57 PR_GET_IO_FLUSHER=58
                  PR_SET_SYSCALL_USER_DISPATCH=59 PR_SCHED_CORE=62 PR_SET_VMA=0x53564d41
                  """)),
          Map.entry(
              "dumpable",
              new ConstantSet(
                  "SUID_DUMP_???", "SUID_DUMP_DISABLE=0 SUID_DUMP_USER=1 SUID_DUMP_ROOT=2")),
          Map.entry(
              "capability",
              new ConstantSet(
                  "CAP_???",
                  """
                  CAP_CHOWN=0 CAP_DAC_OVERRIDE=1 CAP_DAC_READ_SEARCH=2 CAP_FOWNER=3 CAP_FSETID=4
                  CAP_KILL=5 CAP_SETGID=6 CAP_SETUID=7 CAP_SETPCAP=8 CAP_LINUX_IMMUTABLE=9
                  CAP_NET_BIND_SERVICE=10 CAP_NET_BROADCAST=11 CAP_NET_ADMIN=12 CAP_NET_RAW=13
                  CAP_IPC_LOCK=14 CAP_IPC_OWNER=15 CAP_SYS_MODULE=16 CAP_SYS_RAWIO=17
                  CAP_SYS_CHROOT=18 CAP_SYS_PTRACE=19 CAP_SYS_PACCT=20 CAP_SYS_ADMIN=21
                  CAP_SYS_BOOT=22 CAP_SYS_NICE=23 CAP_SYS_RESOURCE=24 CAP_SYS_TIME=25
                  CAP_SYS_TTY_CONFIG=26 CAP_MKNOD=27 CAP_LEASE=28 CAP_AUDIT_WRITE=29
                  CAP_AUDIT_CONTROL=30 CAP_SETFCAP=31 CAP_MAC_OVERRIDE=32 CAP_MAC_ADMIN=33
                  CAP_SYSLOG=34 CAP_WAKE_ALARM=35 CAP_BLOCK_SUSPEND=36 CAP_AUDIT_READ=37
                  CAP_PERFMON=38 CAP_BPF=39 CAP_CHECKPOINT_RESTORE=40
                  """)),
          Map.entry(
              "futex",
              new ConstantSet(
                  "FUTEX_???",
                  """
                  FUTEX_WAIT=0 FUTEX_WAKE=1 FUTEX_FD=2 FUTEX_REQUEUE=3 FUTEX_CMP_REQUEUE=4
                  FUTEX_WAKE_OP=5 FUTEX_LOCK_PI=6 FUTEX_UNLOCK_PI=7 FUTEX_TRYLOCK_PI=8
                  FUTEX_WAIT_BITSET=9 FUTEX_WAKE_BITSET=10 FUTEX_WAIT_REQUEUE_PI=11
                  FUTEX_CMP_REQUEUE_PI=12 FUTEX_LOCK_PI2=13 FUTEX_WAIT_PRIVATE=128
                  FUTEX_WAKE_PRIVATE=129 FUTEX_REQUEUE_PRIVATE=131 FUTEX_CMP_REQUEUE_PRIVATE=132
                  FUTEX_WAKE_OP_PRIVATE=133 FUTEX_LOCK_PI_PRIVATE=134 FUTEX_UNLOCK_PI_PRIVATE=135
                  FUTEX_TRYLOCK_PI_PRIVATE=136 FUTEX_WAIT_BITSET_PRIVATE=137
                  FUTEX_WAKE_BITSET_PRIVATE=138 FUTEX_WAIT_REQUEUE_PI_PRIVATE=139
                  FUTEX_CMP_REQUEUE_PI_PRIVATE=140 FUTEX_LOCK_PI2_PRIVATE=141
                  """)),
          Map.entry(
              "ioctl",
              new ConstantSet(
                  "",
                  """
                  TCGETS=0x5401 TCSETS=0x5402 TCSETSW=0x5403 TCSETSF=0x5404 TCSBRK=0x5409
                  TCXONC=0x540a TCFLSH=0x540b TIOCEXCL=0x540c TIOCNXCL=0x540d TIOCSCTTY=0x540e
                  TIOCGPGRP=0x540f TIOCSPGRP=0x5410 TIOCOUTQ=0x5411 TIOCSTI=0x5412
                  TIOCGWINSZ=0x5413 TIOCSWINSZ=0x5414 TIOCMGET=0x5415 FIONREAD=0x541b
                  TIOCPKT=0x5420 FIONBIO=0x5421 TIOCNOTTY=0x5422 TIOCGETD=0x5424 TCSBRKP=0x5425
                  TIOCGSID=0x5429 TCGETS2=0x802c542a TCSETS2=0x402c542b TCSETSW2=0x402c542c
                  TCSETSF2=0x402c542d TIOCGPTN=0x80045430 TIOCSPTLCK=0x40045431
                  TIOCGPKT=0x80045438 TIOCGPTLCK=0x80045439 TIOCGPTPEER=0x5441 FIONCLEX=0x5450
                  FIOCLEX=0x5451 FIOASYNC=0x5452 FIOQSIZE=0x5460
                  """)),
          Map.entry("tcflush", new ConstantSet("TC???", "TCIFLUSH=0 TCOFLUSH=1 TCIOFLUSH=2")),
          Map.entry("tcflow", new ConstantSet("TC???", "TCOOFF=0 TCOON=1 TCIOFF=2 TCION=3")),
          Map.entry(
              "socket_family",
              new ConstantSet(
                  "AF_???",
                  """
                  AF_UNSPEC=0 AF_UNIX=1 AF_INET=2 AF_AX25=3 AF_IPX=4 AF_APPLETALK=5 AF_X25=9
                  AF_INET6=10 AF_KEY=15 AF_NETLINK=16 AF_PACKET=17 AF_RDS=21 AF_PPPOX=24
                  AF_LLC=26 AF_CAN=29 AF_TIPC=30 AF_BLUETOOTH=31 AF_ALG=38 AF_VSOCK=40 AF_XDP=44
                  """)),
          Map.entry(
              "socket_kind",
              new ConstantSet(
                  "SOCK_???",
                  """
                  SOCK_STREAM=1 SOCK_DGRAM=2 SOCK_RAW=3 SOCK_RDM=4 SOCK_SEQPACKET=5 SOCK_DCCP=6
                  SOCK_PACKET=10
                  """)),
          Map.entry("idtype", new ConstantSet("P_???", "P_ALL=0 P_PID=1 P_PGID=2 P_PIDFD=3")),
          Map.entry(
              "protocol",
              new ConstantSet(
                  "",
                  """
                  IPPROTO_IP=0 IPPROTO_ICMP=1 IPPROTO_TCP=6 IPPROTO_UDP=17 IPPROTO_ICMPV6=58
                  IPPROTO_UDPLITE=136 IPPROTO_RAW=255
                  """)),
          Map.entry(
              "file_system",
              new ConstantSet(
                  "",
                  """
                  EXT2_SUPER_MAGIC=0xef53 PROC_SUPER_MAGIC=0x9fa0 TMPFS_MAGIC=0x01021994
                  DEVPTS_SUPER_MAGIC=0x1cd1 SYSFS_MAGIC=0x62656572 RAMFS_MAGIC=0x858458f6
                  OVERLAYFS_SUPER_MAGIC=0x794c7630 BTRFS_SUPER_MAGIC=0x9123683e
                  XFS_SUPER_MAGIC=0x58465342 F2FS_SUPER_MAGIC=0xf2f52010 V9FS_MAGIC=0x01021997
                  SQUASHFS_MAGIC=0x73717368 NFS_SUPER_MAGIC=0x6969 MSDOS_SUPER_MAGIC=0x4d44
                  ISOFS_SUPER_MAGIC=0x9660 CGROUP2_SUPER_MAGIC=0x63677270 PIPEFS_MAGIC=0x50495045
                  ANON_INODE_FS_MAGIC=0x09041934
                  """)),
          Map.entry(
              "file_type",
              new ConstantSet(
                  "",
                  """
                  S_IFSOCK=0140000 S_IFLNK=0120000 S_IFREG=0100000 S_IFBLK=0060000
                  S_IFDIR=0040000 S_IFCHR=0020000 S_IFIFO=0010000
                  """)),
          Map.entry(
              "map_type",
              new ConstantSet(
                  "MAP_???", "MAP_SHARED=1 MAP_PRIVATE=2 MAP_SHARED_VALIDATE=3 MAP_FILE=0")),
          Map.entry(
              "access_mode", new ConstantSet("", "O_RDONLY=0 O_WRONLY=1 O_RDWR=2 O_ACCMODE=3")),
          Map.entry(
              "personality",
              new ConstantSet(
                  "PER_???",
                  """
                  PER_LINUX=0 PER_LINUX32=0x08 PER_BSD=0x06 PER_HPUX=0x10 PER_MASK=0xff
                  """)));

  private static final Map<String, ConstantSet> FLAGS =
      Map.ofEntries(
          Map.entry(
              "newfd",
              new ConstantSet(
                  "O_???",
                  """
                  O_CREAT=0100 O_EXCL=0200 O_NOCTTY=0400 O_TRUNC=01000 O_APPEND=02000
                  O_NONBLOCK=04000 O_SYNC=04010000 O_DSYNC=010000 O_DIRECT=040000
                  O_LARGEFILE=0100000 O_NOFOLLOW=0400000 O_NOATIME=01000000 O_CLOEXEC=02000000
                  O_PATH=010000000 O_TMPFILE=020200000 O_DIRECTORY=0200000 FASYNC=020000
                  """)),
          Map.entry("fd", new ConstantSet("FD_???", "FD_CLOEXEC=1")),
          Map.entry("access", new ConstantSet("?_OK", "F_OK=0 R_OK=4 W_OK=2 X_OK=1")),
          Map.entry(
              "at",
              new ConstantSet(
                  "AT_???",
                  """
                  AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400
                  AT_NO_AUTOMOUNT=0x800 AT_EMPTY_PATH=0x1000 AT_RECURSIVE=0x8000
                  """)),
          Map.entry(
              "faccessat",
              new ConstantSet(
                  "AT_???", "AT_SYMLINK_NOFOLLOW=0x100 AT_EACCESS=0x200 AT_EMPTY_PATH=0x1000")),
          Map.entry(
              "statx_sync",
              new ConstantSet(
                  "AT_STATX_???",
                  """
                  AT_STATX_SYNC_AS_STAT=0 AT_STATX_FORCE_SYNC=0x2000 AT_STATX_DONT_SYNC=0x4000
                  """)),
          Map.entry(
              "statx_mask",
              new ConstantSet(
                  "STATX_???",
                  """
                  STATX_ALL=0xfff STATX_BASIC_STATS=0x7ff STATX_TYPE=1 STATX_MODE=2 STATX_NLINK=4
                  STATX_UID=8 STATX_GID=0x10 STATX_ATIME=0x20 STATX_MTIME=0x40 STATX_CTIME=0x80
                  STATX_INO=0x100 STATX_SIZE=0x200 STATX_BLOCKS=0x400 STATX_BTIME=0x800
                  STATX_MNT_ID=0x1000 STATX_DIOALIGN=0x2000
                  """)),
          Map.entry(
              "statx_attributes",
              new ConstantSet(
                  "STATX_ATTR_???",
                  """
                  STATX_ATTR_COMPRESSED=4 STATX_ATTR_IMMUTABLE=0x10 STATX_ATTR_APPEND=0x20
                  STATX_ATTR_NODUMP=0x40 STATX_ATTR_ENCRYPTED=0x800 STATX_ATTR_AUTOMOUNT=0x1000
                  STATX_ATTR_MOUNT_ROOT=0x2000 STATX_ATTR_VERITY=0x100000 STATX_ATTR_DAX=0x200000
                  """)),
          Map.entry(
              "prot",
              new ConstantSet(
                  "PROT_???",
                  """
                  PROT_NONE=0 PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_SEM=8
                  PROT_GROWSDOWN=0x01000000 PROT_GROWSUP=0x02000000
                  """)),
          Map.entry(
              "map_flags",
              new ConstantSet(
                  "MAP_???",
                  """
                  MAP_FIXED=0x10 MAP_ANONYMOUS=0x20 MAP_32BIT=0x40 MAP_NORESERVE=0x4000
                  MAP_POPULATE=0x8000 MAP_NONBLOCK=0x10000 MAP_GROWSDOWN=0x100
                  MAP_DENYWRITE=0x800 MAP_EXECUTABLE=0x1000 MAP_LOCKED=0x2000 MAP_STACK=0x20000
                  MAP_HUGETLB=0x40000 MAP_SYNC=0x80000 MAP_FIXED_NOREPLACE=0x100000
                  """)),
          Map.entry(
              "mremap",
              new ConstantSet("MREMAP_???", "MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4")),
          Map.entry("msync", new ConstantSet("MS_???", "MS_SYNC=4 MS_ASYNC=1 MS_INVALIDATE=2")),
          Map.entry(
              "mlockall", new ConstantSet("MCL_???", "MCL_CURRENT=1 MCL_FUTURE=2 MCL_ONFAULT=4")),
          Map.entry("mlock2", new ConstantSet("MLOCK_???", "MLOCK_ONFAULT=1")),
          Map.entry(
              "rename",
              new ConstantSet(
                  "RENAME_???", "RENAME_NOREPLACE=1 RENAME_EXCHANGE=2 RENAME_WHITEOUT=4")),
          Map.entry(
              "fallocate",
              new ConstantSet(
                  "FALLOC_FL_???",
                  """
                  FALLOC_FL_KEEP_SIZE=1 FALLOC_FL_PUNCH_HOLE=2 FALLOC_FL_NO_HIDE_STALE=4
                  FALLOC_FL_COLLAPSE_RANGE=8 FALLOC_FL_ZERO_RANGE=0x10 FALLOC_FL_INSERT_RANGE=0x20
                  FALLOC_FL_UNSHARE_RANGE=0x40
                  """)),
          Map.entry(
              "sync_file_range",
              new ConstantSet(
                  "SYNC_FILE_RANGE_???",
                  """
                  SYNC_FILE_RANGE_WAIT_BEFORE=1 SYNC_FILE_RANGE_WRITE=2
                  SYNC_FILE_RANGE_WAIT_AFTER=4
                  """)),
          Map.entry(
              "close_range",
              new ConstantSet("CLOSE_RANGE_???", "CLOSE_RANGE_UNSHARE=2 CLOSE_RANGE_CLOEXEC=4")),
          Map.entry(
              "memfd_flags",
              new ConstantSet(
                  "MFD_???",
                  "MFD_CLOEXEC=1 MFD_ALLOW_SEALING=2 MFD_HUGETLB=4 MFD_NOEXEC_SEAL=8 MFD_EXEC=16")),
          Map.entry(
              "epoll",
              new ConstantSet(
                  "EPOLL???",
                  """
                  EPOLLIN=1 EPOLLPRI=2 EPOLLOUT=4 EPOLLERR=8 EPOLLHUP=0x10 EPOLLRDNORM=0x40
                  EPOLLRDBAND=0x80 EPOLLWRNORM=0x100 EPOLLWRBAND=0x200 EPOLLMSG=0x400
                  EPOLLRDHUP=0x2000 EPOLLEXCLUSIVE=0x10000000 EPOLLWAKEUP=0x20000000
                  EPOLLONESHOT=0x40000000 EPOLLET=0x80000000
                  """)),
          Map.entry(
              "msg",
              new ConstantSet(
                  "MSG_???",
                  """
                  MSG_OOB=1 MSG_PEEK=2 MSG_DONTROUTE=4 MSG_CTRUNC=8 MSG_TRUNC=0x20
                  MSG_DONTWAIT=0x40 MSG_EOR=0x80 MSG_WAITALL=0x100 MSG_NOSIGNAL=0x4000
                  MSG_MORE=0x8000 MSG_WAITFORONE=0x10000 MSG_CMSG_CLOEXEC=0x40000000
                  """)),
          Map.entry(
              "splice",
              new ConstantSet(
                  "SPLICE_F_???",
                  "SPLICE_F_MOVE=1 SPLICE_F_NONBLOCK=2 SPLICE_F_MORE=4 SPLICE_F_GIFT=8")),
          Map.entry("epoll_create", new ConstantSet("EPOLL_???", "EPOLL_CLOEXEC=02000000")),
          Map.entry(
              "eventfd",
              new ConstantSet(
                  "EFD_???", "EFD_SEMAPHORE=1 EFD_CLOEXEC=02000000 EFD_NONBLOCK=04000")),
          Map.entry(
              "timerfd",
              new ConstantSet("TFD_???", "TFD_TIMER_ABSTIME=1 TFD_TIMER_CANCEL_ON_SET=2")),
          Map.entry(
              "seals",
              new ConstantSet(
                  "F_SEAL_???",
                  """
                  F_SEAL_SEAL=1 F_SEAL_SHRINK=2 F_SEAL_GROW=4 F_SEAL_WRITE=8
                  F_SEAL_FUTURE_WRITE=0x10 F_SEAL_EXEC=0x20
                  """)),
          Map.entry(
              "rwf",
              new ConstantSet(
                  "RWF_???", "RWF_HIPRI=1 RWF_DSYNC=2 RWF_SYNC=4 RWF_NOWAIT=8 RWF_APPEND=0x10")),
          Map.entry("xattr", new ConstantSet("XATTR_???", "XATTR_CREATE=1 XATTR_REPLACE=2")),
          Map.entry(
              "grnd", new ConstantSet("GRND_???", "GRND_NONBLOCK=1 GRND_RANDOM=2 GRND_INSECURE=4")),
          Map.entry(
              "flock",
              new ConstantSet(
                  "LOCK_???", "LOCK_SH=1 LOCK_EX=2 LOCK_NB=4 LOCK_UN=8 LOCK_MAND=32 LOCK_RW=192")),
          Map.entry(
              "wait",
              new ConstantSet(
                  "W???",
                  """
                  WNOHANG=1 WSTOPPED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x01000000
                  __WNOTHREAD=0x20000000 __WALL=0x40000000 __WCLONE=0x80000000
                  """)),
          Map.entry("timer", new ConstantSet("TIMER_???", "TIMER_ABSTIME=1")),
          Map.entry(
              "resolve",
              new ConstantSet(
                  "RESOLVE_???",
                  """
                  RESOLVE_NO_XDEV=1 RESOLVE_NO_MAGICLINKS=2 RESOLVE_NO_SYMLINKS=4
                  RESOLVE_BENEATH=8 RESOLVE_IN_ROOT=0x10 RESOLVE_CACHED=0x20
                  """)),
          Map.entry(
              "poll",
              new ConstantSet(
                  "POLL???",
                  """
                  POLLIN=1 POLLPRI=2 POLLOUT=4 POLLERR=8 POLLHUP=0x10 POLLNVAL=0x20
                  POLLRDNORM=0x40 POLLRDBAND=0x80 POLLWRNORM=0x100 POLLWRBAND=0x200
                  POLLMSG=0x400 POLLREMOVE=0x1000 POLLRDHUP=0x2000
                  """)),
          Map.entry(
              "sigaction",
              new ConstantSet(
                  "SA_???",
                  """
                  SA_RESTORER=0x04000000 SA_ONSTACK=0x08000000 SA_RESTART=0x10000000
                  SA_INTERRUPT=0x20000000 SA_NODEFER=0x40000000 SA_RESETHAND=0x80000000
                  SA_SIGINFO=4 SA_NOCLDSTOP=1 SA_NOCLDWAIT=2
                  """)),
          Map.entry(
              "sigstack",
              new ConstantSet("SS_???", "SS_ONSTACK=1 SS_DISABLE=2 SS_AUTODISARM=0x80000000")),
          Map.entry(
              "statfs",
              new ConstantSet(
                  "ST_???",
                  """
                  ST_VALID=0x20 ST_RDONLY=1 ST_NOSUID=2 ST_NODEV=4 ST_NOEXEC=8 ST_SYNCHRONOUS=0x10
                  ST_MANDLOCK=0x40 ST_NOATIME=0x400 ST_NODIRATIME=0x800 ST_RELATIME=0x1000
                  ST_NOSYMFOLLOW=0x2000
                  """)),
          Map.entry(
              "socket_flags",
              new ConstantSet("SOCK_???", "SOCK_CLOEXEC=02000000 SOCK_NONBLOCK=04000")),
          Map.entry(
              "personality_flags",
              new ConstantSet(
                  "",
                  """
                  UNAME26=0x20000 ADDR_NO_RANDOMIZE=0x40000 FDPIC_FUNCPTRS=0x80000
                  MMAP_PAGE_ZERO=0x100000 ADDR_COMPAT_LAYOUT=0x200000 READ_IMPLIES_EXEC=0x400000
                  ADDR_LIMIT_32BIT=0x800000 SHORT_INODE=0x1000000 WHOLE_SECONDS=0x2000000
                  STICKY_TIMEOUTS=0x4000000 ADDR_LIMIT_3GB=0x8000000
                  """)),
          Map.entry(
              "termios_iflag",
              new ConstantSet(
                  "",
                  """
                  IGNBRK=1 BRKINT=2 IGNPAR=4 PARMRK=010 INPCK=020 ISTRIP=040 INLCR=0100 IGNCR=0200
                  ICRNL=0400 IUCLC=01000 IXON=02000 IXANY=04000 IXOFF=010000 IMAXBEL=020000
                  IUTF8=040000
                  """)),
          Map.entry(
              "termios_oflag",
              new ConstantSet(
                  "",
                  """
                  OPOST=1 OLCUC=2 ONLCR=4 OCRNL=010 ONOCR=020 ONLRET=040 OFILL=0100 OFDEL=0200
                  """)),
          Map.entry(
              "termios_cflag",
              new ConstantSet(
                  "",
                  """
                  CSTOPB=0100 CREAD=0200 PARENB=0400 PARODD=01000 HUPCL=02000 CLOCAL=04000
                  CMSPAR=010000000000 CRTSCTS=020000000000
                  """)),
          Map.entry(
              "termios_lflag",
              new ConstantSet(
                  "",
                  """
                  ISIG=1 ICANON=2 XCASE=4 ECHO=010 ECHOE=020 ECHOK=040 ECHONL=0100 NOFLSH=0200
                  IEXTEN=0100000 ECHOCTL=01000 ECHOPRT=02000 ECHOKE=04000 FLUSHO=010000
                  PENDIN=040000 TOSTOP=0400 EXTPROC=0200000
                  """)));

  private ConstantSets() {}

  /** All sets whose names are those of constants in headers, for a test. */
  static Iterable<ConstantSet> all() {
    return Stream.concat(ENUMS.values().stream(), FLAGS.values().stream()).toList();
  }

  /** A set of which a value is one. */
  static ConstantSet one(String name) {
    return find(ENUMS, name);
  }

  /** A set of which a value is an OR. */
  static ConstantSet flags(String name) {
    return find(FLAGS, name);
  }

  private static ConstantSet find(Map<String, ConstantSet> sets, String name) {
    ConstantSet set = sets.get(name);
    if (set == null) {
      throw new IllegalArgumentException("no such set of constants: " + name);
    }
    return set;
  }

  /** How a word {@code enum:name} prints its value. */
  static ConstantPrinter enumPrinter(String name) {
    return switch (name) {
      case "signal" -> ConstantSets::signal;
      case "ioctl" -> ConstantSets::ioctl;
      case "rlimit", "resource" -> one("rlimit")::printOne;
      default -> one(name)::printOne;
    };
  }

  /** How a word {@code flags:name} prints its value. */
  static ConstantPrinter flagsPrinter(String name) {
    return switch (name) {
      case "prot" -> flags("prot")::printFlags;
      case "map" -> ConstantSets::map;
      case "mremap" -> flags("mremap")::printFlags;
      case "open" -> ConstantSets::open;
      case "statx" -> lowerHalf(ConstantSets::statx);
      case "memfd" -> lowerHalf(ConstantSets::memfd);
      case "futex" -> lowerHalf(ConstantSets::futex);
      case "personality" -> lowerHalf(ConstantSets::personality);
      case "socket" -> lowerHalf(ConstantSets::socket);
      default -> lowerHalf(flags(name)::printFlags);
    };
  }

  private static ConstantPrinter lowerHalf(ConstantPrinter printer) {
    return (out, value) -> printer.print(out, value & 0xffff_ffffL);
  }

  /** open(2): the access mode is no flag. */
  static void open(CallText out, long value) {
    one("access_mode").printOne(out, value & Fcntl.O_ACCMODE);
    addFlags(out, flags("newfd"), value & ~Fcntl.O_ACCMODE);
  }

  private static void addFlags(CallText out, ConstantSet set, long flags) {
    if (flags != 0) {
      CallText names = new CallText();
      long rest = set.printKnown(names, flags);
      out.add(names.isEmpty() ? "" : "|").add(names);
      addRest(out, rest);
    }
  }

  private static void addRest(CallText out, long rest) {
    if (rest != 0) {
      out.add('|').hex(rest);
    }
  }

  private static void map(CallText out, long value) {
    one("map_type").printOne(out, value & Mman.MAP_TYPE);
    long huge = (value >>> MAP_HUGE_SHIFT) & 0x3f;
    addFlags(out, flags("map_flags"), value & ~Mman.MAP_TYPE & ~(huge << MAP_HUGE_SHIFT));
    if (huge != 0) {
      out.add('|').decimal(huge).add("<<MAP_HUGE_SHIFT");
    }
  }

  private static void memfd(CallText out, long value) {
    long huge = value >>> MAP_HUGE_SHIFT;
    long flags = value & ~(huge << MAP_HUGE_SHIFT);
    if (huge == 0) {
      flags("memfd_flags").printFlags(out, flags);
    } else {
      if (flags != 0) {
        flags("memfd_flags").printFlags(out, flags);
        out.add('|');
      }
      out.decimal(huge).add("<<MFD_HUGE_SHIFT");
    }
  }

  private static void statx(CallText out, long value) {
    long sync = value & Fcntl.AT_STATX_SYNC_TYPE;
    flags("statx_sync").printFlags(out, sync);
    addFlags(out, flags("at"), value & ~sync);
  }

  private static void futex(CallText out, long value) {
    one("futex").printOne(out, value & ~FUTEX_CLOCK_REALTIME);
    if ((value & FUTEX_CLOCK_REALTIME) != 0) {
      out.add("|FUTEX_CLOCK_REALTIME");
    }
  }

  /** personality(2): a kind of system and flags. */
  static void personality(CallText out, long value) {
    if (value == PERSONALITY_QUERY) {
      out.hex(value);
      return;
    }
    one("personality").printOne(out, value & PERSONALITY_KIND);
    addFlags(out, flags("personality_flags"), value & ~PERSONALITY_KIND);
  }

  private static void socket(CallText out, long value) {
    ConstantSet kinds = one("socket_kind");
    if (kinds.nameOf(value & SOCKET_TYPE).isEmpty()) {
      kinds.printOne(out, value);
    } else {
      kinds.printOne(out, value & SOCKET_TYPE);
      addFlags(out, flags("socket_flags"), value & ~SOCKET_TYPE);
    }
  }

  /** The name of a signal, or the number. */
  static void signal(CallText out, long value) {
    int signal = (int) value;
    switch (signal) {
      case Signals.SIGSYS + 1 -> out.add("SIGRTMIN");
      default -> out.add(Signals.name(signal));
    }
  }

  /** si_code of a signal (sigaction(2)): from 1 on the names depend on the signal. */
  static void signalCode(CallText out, int signal, int code) {
    String[] names = code > 0 ? codeNames(signal) : new String[0];
    String general = one("signal_code").nameOf(code);
    if (code >= 1 && code <= names.length) {
      out.add(names[code - 1]);
    } else if (general.isEmpty()) {
      out.decimal(code);
    } else {
      out.add(general);
    }
  }

  private static String[] codeNames(int signal) {
    String names =
        switch (signal) {
          case Signals.SIGSEGV -> "SEGV_MAPERR SEGV_ACCERR SEGV_BNDERR SEGV_PKUERR";
          case Signals.SIGBUS -> "BUS_ADRALN BUS_ADRERR BUS_OBJERR";
          case Signals.SIGILL ->
              "ILL_ILLOPC ILL_ILLOPN ILL_ILLADR ILL_ILLTRP ILL_PRVOPC ILL_PRVREG ILL_COPROC"
                  + " ILL_BADSTK";
          case Signals.SIGFPE ->
              "FPE_INTDIV FPE_INTOVF FPE_FLTDIV FPE_FLTOVF FPE_FLTUND FPE_FLTRES FPE_FLTINV"
                  + " FPE_FLTSUB";
          case Signals.SIGTRAP -> "TRAP_BRKPT TRAP_TRACE TRAP_BRANCH TRAP_HWBKPT";
          case Signals.SIGCHLD ->
              "CLD_EXITED CLD_KILLED CLD_DUMPED CLD_TRAPPED CLD_STOPPED CLD_CONTINUED";
          case Signals.SIGIO -> "POLL_IN POLL_OUT POLL_MSG POLL_ERR POLL_PRI POLL_HUP";
          default -> "";
        };
    return names.isEmpty() ? new String[0] : names.split(" ", -1);
  }

  /** An ioctl request: its name, or what its number is made of (ioctl(2)). */
  private static void ioctl(CallText out, long value) {
    String name = one("ioctl").nameOf(value);
    if (!name.isEmpty()) {
      out.add(name);
      return;
    }
    int request = (int) value;
    String direction =
        switch (request >>> 30) {
          case 0 -> "_IOC_NONE";
          case 1 -> "_IOC_WRITE";
          case 2 -> "_IOC_READ";
          default -> "_IOC_READ|_IOC_WRITE";
        };
    out.add("_IOC(").add(direction).add(", ").hex((request >> 8) & 0xff);
    out.add(", ").hex(request & 0xff).add(", ").hex((request >> 16) & 0x3fff).add(')');
  }
}
