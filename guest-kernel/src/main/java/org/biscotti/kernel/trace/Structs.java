package org.biscotti.kernel.trace;

import java.nio.ByteBuffer;
import java.util.Map;
import org.biscotti.kernel.abi.Epoll;
import org.biscotti.kernel.abi.Ioctl;
import org.biscotti.kernel.abi.SignalInfo;
import org.biscotti.kernel.abi.Signals;
import org.biscotti.kernel.abi.Socket;
import org.biscotti.kernel.abi.Stat;

/** The structures that calls pass, abbreviated as strace abbreviates them. */
final class Structs {
  private static final int TIMESPEC_BYTES = 16;
  private static final int RUSAGE_BYTES = 144;
  private static final int SYSINFO_BYTES = 112;
  private static final int UTSNAME_BYTES = 6 * 65;
  private static final int UTSNAME_FIELD = 65;
  private static final long SA_RESTORER = 0x0400_0000L;

  private static final Map<String, Struct> ALL =
      Map.ofEntries(
          Map.entry("timespec", new Struct(TIMESPEC_BYTES, Structs::timespec)),
          Map.entry("timeval", new Struct(TIMESPEC_BYTES, Structs::timeval)),
          Map.entry("timezone", new Struct(8, Structs::timezone)),
          Map.entry("itimerval", new Struct(2 * TIMESPEC_BYTES, Structs::itimerval)),
          Map.entry("itimerspec", new Struct(2 * TIMESPEC_BYTES, Structs::itimerspec)),
          Map.entry("utimens", new Struct(2 * TIMESPEC_BYTES, Structs::utimens)),
          Map.entry("utimes", new Struct(2 * TIMESPEC_BYTES, Structs::utimes)),
          Map.entry("utimbuf", new Struct(16, Structs::utimbuf)),
          Map.entry("tms", new Struct(32, Structs::tms)),
          Map.entry("time", new Struct(Long.BYTES, Structs::time)),
          Map.entry("rusage", new Struct(RUSAGE_BYTES, Structs::rusage)),
          Map.entry("rlimit", new Struct(16, Structs::rlimit)),
          Map.entry("utsname", new Struct(UTSNAME_BYTES, Structs::utsname)),
          Map.entry("sysinfo", new Struct(SYSINFO_BYTES, Structs::sysinfo)),
          Map.entry("sigaction", new Struct(32, Structs::sigaction)),
          Map.entry("sigset", new Struct(Signals.SIGSET_BYTES, Structs::sigset)),
          Map.entry("siginfo", new Struct(128, Structs::siginfo)),
          Map.entry("sigstack", new Struct(24, Structs::sigstack)),
          Map.entry("stat", new Struct(Stat.STAT_SIZE, Structs::stat)),
          Map.entry("statx", new Struct(Stat.STATX_STRUCT_SIZE, Structs::statx)),
          Map.entry("statfs", new Struct(Stat.STATFS_SIZE, Structs::statfs)),
          Map.entry("flock", new Struct(32, Structs::flock)),
          Map.entry("flock_owner", new Struct(32, Structs::flockWithOwner)),
          Map.entry("open_how", new Struct(24, Structs::openHow)),
          Map.entry("winsize", new Struct(Ioctl.WINSIZE_SIZE, Structs::winsize)),
          Map.entry("termios", new Struct(Ioctl.TERMIOS_SIZE, Terminals::termios)),
          Map.entry("epoll_event", new Struct(Epoll.EVENT_SIZE, Structs::epollEvent)),
          Map.entry("fd_pair", new Struct(8, Structs::fdPair)),
          Map.entry("int", new Struct(Integer.BYTES, Structs::intNumber)),
          Map.entry("uint", new Struct(Integer.BYTES, Structs::uintNumber)),
          Map.entry("long", new Struct(Long.BYTES, Structs::longNumber)),
          Map.entry("off", new Struct(Long.BYTES, Structs::longNumber)),
          Map.entry("size", new Struct(Long.BYTES, Structs::ulongNumber)),
          Map.entry("ptr", new Struct(Long.BYTES, Structs::pointer)),
          Map.entry("wait_status", new Struct(Integer.BYTES, Structs::waitStatus)),
          Map.entry("signal", new Struct(Integer.BYTES, Structs::signal)));

  private Structs() {}

  /** A structure by the name that the table of calls has for it. */
  static Struct find(String name) {
    Struct struct = ALL.get(name);
    if (struct == null) {
      throw new IllegalArgumentException("no such structure: " + name);
    }
    return struct;
  }

  static void timespec(ByteBuffer s, CallText out) {
    out.add("{tv_sec=").decimal(s.getLong(0));
    out.add(", tv_nsec=").unsigned(s.getLong(8)).add('}');
  }

  private static void timeval(ByteBuffer s, CallText out) {
    out.add("{tv_sec=").decimal(s.getLong(0));
    out.add(", tv_usec=").unsigned(s.getLong(8)).add('}');
  }

  private static void timezone(ByteBuffer s, CallText out) {
    out.add("{tz_minuteswest=").decimal(s.getInt(0));
    out.add(", tz_dsttime=").decimal(s.getInt(4)).add('}');
  }

  private static void itimerval(ByteBuffer s, CallText out) {
    out.add("{it_interval=");
    timeval(s, out);
    out.add(", it_value=");
    timeval(second(s), out);
    out.add('}');
  }

  private static void itimerspec(ByteBuffer s, CallText out) {
    out.add("{it_interval=");
    timespec(s, out);
    out.add(", it_value=");
    timespec(second(s), out);
    out.add('}');
  }

  private static ByteBuffer second(ByteBuffer s) {
    return s.slice(TIMESPEC_BYTES, TIMESPEC_BYTES).order(s.order());
  }

  private static void utimens(ByteBuffer s, CallText out) {
    out.add('[');
    utime(s, out);
    out.add(", ");
    utime(second(s), out);
    out.add(']');
  }

  private static void utime(ByteBuffer s, CallText out) {
    long nanos = s.getLong(8);
    if (nanos == Stat.UTIME_NOW) {
      out.add("UTIME_NOW");
    } else if (nanos == Stat.UTIME_OMIT) {
      out.add("UTIME_OMIT");
    } else {
      timespec(s, out);
      dated(s.getLong(0), nanos, 9, out);
    }
  }

  private static void dated(long seconds, long fraction, int digits, CallText out) {
    if (fraction >= 0 && Long.toString(fraction).length() <= digits) {
      Dates.comment(out, seconds, fraction, digits);
    }
  }

  private static void utimes(ByteBuffer s, CallText out) {
    out.add('[');
    timeval(s, out);
    dated(s.getLong(0), s.getLong(8), 6, out);
    out.add(", ");
    timeval(second(s), out);
    dated(s.getLong(16), s.getLong(24), 6, out);
    out.add(']');
  }

  private static void utimbuf(ByteBuffer s, CallText out) {
    out.add("{actime=").decimal(s.getLong(0));
    Dates.comment(out, s.getLong(0), 0, 0);
    out.add(", modtime=").decimal(s.getLong(8));
    Dates.comment(out, s.getLong(8), 0, 0);
    out.add('}');
  }

  private static void tms(ByteBuffer s, CallText out) {
    out.add("{tms_utime=").decimal(s.getLong(0)).add(", tms_stime=").decimal(s.getLong(8));
    out.add(", tms_cutime=").decimal(s.getLong(16)).add(", tms_cstime=");
    out.decimal(s.getLong(24)).add('}');
  }

  private static void time(ByteBuffer s, CallText out) {
    out.add('[').decimal(s.getLong(0));
    Dates.comment(out, s.getLong(0), 0, 0);
    out.add(']');
  }

  private static void rusage(ByteBuffer s, CallText out) {
    out.add("{ru_utime=");
    timeval(s, out);
    out.add(", ru_stime=");
    timeval(second(s), out);
    out.add(", ...}");
  }

  private static void rlimit(ByteBuffer s, CallText out) {
    out.add("{rlim_cur=");
    limit(s.getLong(0), out);
    out.add(", rlim_max=");
    limit(s.getLong(8), out);
    out.add('}');
  }

  private static void limit(long value, CallText out) {
    if (value == -1) {
      out.add("RLIM64_INFINITY");
    } else if (Long.compareUnsigned(value, 1024) > 0 && value % 1024 == 0) {
      out.unsigned(value >>> 10).add("*1024");
    } else {
      out.unsigned(value);
    }
  }

  private static void utsname(ByteBuffer s, CallText out) {
    out.add("{sysname=");
    field(s, 0, out);
    out.add(", nodename=");
    field(s, UTSNAME_FIELD, out);
    out.add(", ...}");
  }

  private static void field(ByteBuffer s, int start, CallText out) {
    byte[] text = new byte[UTSNAME_FIELD];
    s.get(start, text);
    int length = 0;
    while (length < text.length && text[length] != 0) {
      length++;
    }
    out.quoted(text, 0, length);
  }

  private static void sysinfo(ByteBuffer s, CallText out) {
    out.add("{uptime=").decimal(s.getLong(0));
    out.add(", loads=[").unsigned(s.getLong(8)).add(", ").unsigned(s.getLong(16));
    out.add(", ").unsigned(s.getLong(24)).add(']');
    String[] sizes = {"totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap"};
    for (int i = 0; i < sizes.length; i++) {
      out.add(", ").add(sizes[i]).add('=').unsigned(s.getLong(32 + 8 * i));
    }
    out.add(", procs=").decimal(s.getShort(80) & 0xffff);
    out.add(", totalhigh=").unsigned(s.getLong(88)).add(", freehigh=").unsigned(s.getLong(96));
    out.add(", mem_unit=").unsigned(s.getInt(104) & 0xffff_ffffL).add('}');
  }

  private static void sigaction(ByteBuffer s, CallText out) {
    long handler = s.getLong(0);
    long flags = s.getLong(8) & 0xffff_ffffL;
    out.add("{sa_handler=");
    if (handler == Signals.SIG_DFL) {
      out.add("SIG_DFL");
    } else if (handler == Signals.SIG_IGN) {
      out.add("SIG_IGN");
    } else if (handler == -1) {
      out.add("SIG_ERR");
    } else {
      out.hex(handler);
    }
    out.add(", sa_mask=");
    signals(s.getLong(24), out);
    out.add(", sa_flags=");
    ConstantSets.flags("sigaction").printFlags(out, flags);
    if ((flags & SA_RESTORER) != 0) {
      out.add(", sa_restorer=").address(s.getLong(16));
    }
    out.add('}');
  }

  private static void sigset(ByteBuffer s, CallText out) {
    signals(s.getLong(0), out);
  }

  /** A set of signals, without the SIG of their names; what is missing if most are there. */
  static void signals(long set, CallText out) {
    boolean inverted = Long.bitCount(set) >= Signals.MAX * 2 / 3;
    long shown = inverted ? ~set : set;
    out.add(inverted ? "~[" : "[");
    boolean first = true;
    for (int signal = 1; signal <= Signals.MAX; signal++) {
      if ((shown & Signals.bit(signal)) != 0) {
        CallText name = new CallText();
        ConstantSets.signal(name, signal);
        out.add(first ? "" : " ").add(name.toString().substring("SIG".length()));
        first = false;
      }
    }
    out.add(']');
  }

  /** {@code siginfo_t}: which parts of it say something depends on signal and code. */
  private static void siginfo(ByteBuffer s, CallText out) {
    int signal = s.getInt(0);
    int code = s.getInt(8);
    out.add("{si_signo=");
    ConstantSets.signal(out, signal);
    out.add(", si_code=");
    ConstantSets.signalCode(out, signal, code);
    if (s.getInt(4) != 0) {
      out.add(", si_errno=").decimal(s.getInt(4));
    }
    boolean byKernel = code > 0 && code < SignalInfo.SI_KERNEL;
    if (byKernel && signal == Signals.SIGCHLD) {
      sender(s, out);
      out.add(", si_status=");
      childStatus(code, s.getInt(24), out);
      out.add(", si_utime=").decimal(s.getLong(32)).add(", si_stime=").decimal(s.getLong(40));
    } else if (byKernel && Signals.isSynchronous(signal)) {
      out.add(", si_addr=").address(s.getLong(16));
    } else if (code == SignalInfo.SI_TIMER) {
      out.add(", si_timerid=").hex(s.getInt(16) & 0xffff_ffffL);
      out.add(", si_overrun=").decimal(s.getInt(20));
      value(s, out);
    } else if (byKernel && signal == Signals.SIGIO) {
      out.add(", si_band=").decimal(s.getLong(16)).add(", si_fd=").decimal(s.getInt(24));
    } else if (code != SignalInfo.SI_KERNEL) {
      sender(s, out);
      if (code == SignalInfo.SI_QUEUE) {
        value(s, out);
      }
    }
    out.add('}');
  }

  private static void sender(ByteBuffer s, CallText out) {
    out.add(", si_pid=").decimal(s.getInt(16)).add(", si_uid=").decimal(s.getInt(20));
  }

  private static void childStatus(int code, int status, CallText out) {
    if (code == SignalInfo.CLD_EXITED) {
      out.decimal(status);
    } else {
      ConstantSets.signal(out, status);
    }
  }

  private static void value(ByteBuffer s, CallText out) {
    out.add(", si_value={sival_int=").decimal(s.getInt(24));
    out.add(", sival_ptr=").address(s.getLong(24)).add('}');
  }

  private static void sigstack(ByteBuffer s, CallText out) {
    out.add("{ss_sp=").address(s.getLong(0)).add(", ss_flags=");
    ConstantSets.flags("sigstack").printFlags(out, s.getInt(8) & 0xffff_ffffL);
    out.add(", ss_size=").unsigned(s.getLong(16)).add('}');
  }

  private static void stat(ByteBuffer s, CallText out) {
    int mode = s.getInt(Stat.STAT_ST_MODE);
    out.add("{st_mode=");
    mode(mode, out);
    if (isDevice(mode)) {
      out.add(", st_rdev=");
      device(s.getLong(Stat.STAT_ST_RDEV), out);
    } else {
      out.add(", st_size=").decimal(s.getLong(Stat.STAT_ST_SIZE));
    }
    out.add(", ...}");
  }

  static boolean isDevice(long mode) {
    int type = Stat.type((int) mode);
    return type == Stat.S_IFCHR || type == Stat.S_IFBLK;
  }

  /** A mode with its file type; without a type, or with one that there is not, a number. */
  static void mode(long mode, CallText out) {
    String type = ConstantSets.one("file_type").nameOf(mode & Stat.S_IFMT);
    if (type.isEmpty()) {
      out.octal(mode);
      return;
    }
    out.add(type);
    out.add((mode & Stat.S_ISUID) != 0 ? "|S_ISUID" : "");
    out.add((mode & Stat.S_ISGID) != 0 ? "|S_ISGID" : "");
    out.add((mode & Stat.S_ISVTX) != 0 ? "|S_ISVTX" : "");
    out.add('|').octal(mode & ~(Stat.S_IFMT | 07000));
  }

  static void device(long device, CallText out) {
    out.add("makedev(").hex(Stat.major(device) & 0xffff_ffffL).add(", ");
    out.hex(Stat.minor(device) & 0xffff_ffffL).add(')');
  }

  private static void statx(ByteBuffer s, CallText out) {
    out.add("{stx_mask=");
    ConstantSets.flags("statx_mask").printFlags(out, s.getInt(Stat.STATX_MASK) & 0xffff_ffffL);
    out.add(", stx_attributes=");
    ConstantSets.flags("statx_attributes").printFlags(out, s.getLong(Stat.STATX_ATTRIBUTES));
    out.add(", stx_mode=");
    mode(s.getShort(Stat.STATX_MODE_FIELD) & 0xffff, out);
    out.add(", stx_size=").unsigned(s.getLong(Stat.STATX_SIZE_FIELD)).add(", ...}");
  }

  private static void statfs(ByteBuffer s, CallText out) {
    out.add("{f_type=");
    ConstantSets.one("file_system").printOne(out, s.getLong(Stat.STATFS_TYPE));
    out.add(", f_bsize=").unsigned(s.getLong(Stat.STATFS_BSIZE));
    out.add(", f_blocks=").unsigned(s.getLong(Stat.STATFS_BLOCKS));
    out.add(", f_bfree=").unsigned(s.getLong(Stat.STATFS_BFREE));
    out.add(", f_bavail=").unsigned(s.getLong(Stat.STATFS_BAVAIL));
    out.add(", f_files=").unsigned(s.getLong(Stat.STATFS_FILES));
    out.add(", f_ffree=").unsigned(s.getLong(Stat.STATFS_FFREE));
    out.add(", f_fsid={val=[").hex(s.getInt(Stat.STATFS_FSID) & 0xffff_ffffL).add(", ");
    out.hex(s.getInt(Stat.STATFS_FSID + 4) & 0xffff_ffffL).add("]}");
    out.add(", f_namelen=").unsigned(s.getLong(Stat.STATFS_NAMELEN));
    out.add(", f_frsize=").unsigned(s.getLong(Stat.STATFS_FRSIZE)).add(", f_flags=");
    ConstantSets.flags("statfs").printFlags(out, s.getLong(Stat.STATFS_FLAGS));
    out.add('}');
  }

  private static void flock(ByteBuffer s, CallText out) {
    lockedRange(s, out);
    out.add('}');
  }

  private static void flockWithOwner(ByteBuffer s, CallText out) {
    lockedRange(s, out);
    out.add(", l_pid=").decimal(s.getInt(24)).add('}');
  }

  private static void lockedRange(ByteBuffer s, CallText out) {
    out.add("{l_type=");
    ConstantSets.one("lock").printOne(out, s.getShort(0));
    out.add(", l_whence=");
    ConstantSets.one("whence").printOne(out, s.getShort(2));
    out.add(", l_start=").decimal(s.getLong(8));
    out.add(", l_len=").decimal(s.getLong(16));
  }

  private static void openHow(ByteBuffer s, CallText out) {
    long flags = s.getLong(0);
    out.add("{flags=");
    ConstantSets.open(out, flags);
    if (s.getLong(8) != 0 || Words.createsFile(flags)) {
      out.add(", mode=").octal(s.getLong(8));
    }
    out.add(", resolve=");
    ConstantSets.flags("resolve").printFlags(out, s.getLong(16));
    out.add('}');
  }

  private static void winsize(ByteBuffer s, CallText out) {
    out.add("{ws_row=").decimal(s.getShort(0) & 0xffff);
    out.add(", ws_col=").decimal(s.getShort(2) & 0xffff);
    out.add(", ws_xpixel=").decimal(s.getShort(4) & 0xffff);
    out.add(", ws_ypixel=").decimal(s.getShort(6) & 0xffff).add('}');
  }

  /** Data is shown as strace shows it: the number it most probably is, twice. */
  static void epollEvent(ByteBuffer s, CallText out) {
    out.add("{events=");
    ConstantSets.flags("epoll").printFlags(out, s.getInt(0) & 0xffff_ffffL);
    out.add(", data={u32=").unsigned(s.getInt(4) & 0xffff_ffffL);
    out.add(", u64=");
    long data = s.getLong(4);
    if (Long.compareUnsigned(data, 0xffff_ffffL) <= 0) {
      out.unsigned(data);
    } else {
      out.hex(data);
    }
    out.add("}}");
  }

  /** {@code struct sockaddr_un}; the length is in another argument. */
  static void socketAddress(TracedCall call, int index, int lengthIndex, CallText out) {
    long gva = call.argument(index);
    int length = (int) call.argument(lengthIndex);
    byte[] bytes = new byte[Math.clamp(length, 0, Socket.SOCKADDR_UN_SIZE)];
    boolean read = gva != 0 && call.memory().read(gva, bytes, 0, bytes.length) == bytes.length;
    if (!read || bytes.length < Socket.SUN_PATH) {
      out.address(gva);
      return;
    }
    int family = (bytes[0] & 0xff) | (bytes[1] & 0xff) << 8;
    out.add("{sa_family=");
    ConstantSets.one("socket_family").printOne(out, family);
    if (family == Socket.AF_UNIX && bytes.length > Socket.SUN_PATH) {
      boolean isAbstract = bytes[Socket.SUN_PATH] == 0;
      int start = Socket.SUN_PATH + (isAbstract ? 1 : 0);
      int end = start;
      while (end < bytes.length && (isAbstract || bytes[end] != 0)) {
        end++;
      }
      out.add(isAbstract ? ", sun_path=@" : ", sun_path=").quoted(bytes, start, end - start);
    }
    out.add('}');
  }

  private static void fdPair(ByteBuffer s, CallText out) {
    out.add('[').decimal(s.getInt(0)).add(", ").decimal(s.getInt(4)).add(']');
  }

  private static void intNumber(ByteBuffer s, CallText out) {
    out.add('[').decimal(s.getInt(0)).add(']');
  }

  private static void uintNumber(ByteBuffer s, CallText out) {
    out.add('[').unsigned(s.getInt(0) & 0xffff_ffffL).add(']');
  }

  private static void longNumber(ByteBuffer s, CallText out) {
    out.add('[').decimal(s.getLong(0)).add(']');
  }

  private static void ulongNumber(ByteBuffer s, CallText out) {
    out.add('[').unsigned(s.getLong(0)).add(']');
  }

  private static void pointer(ByteBuffer s, CallText out) {
    out.add('[').address(s.getLong(0)).add(']');
  }

  /** How a child has changed (wait(2)). */
  private static void waitStatus(ByteBuffer s, CallText out) {
    int status = s.getInt(0);
    int signal = status & 0x7f;
    int upper = (status >> 8) & 0xff;
    if (status == 0xffff) {
      out.add("[{WIFCONTINUED(s)}]");
    } else if (signal == 0) {
      out.add("[{WIFEXITED(s) && WEXITSTATUS(s) == ").decimal(upper).add("}]");
    } else if (signal == 0x7f) {
      out.add("[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
      ConstantSets.signal(out, upper);
      out.add("}]");
    } else {
      out.add("[{WIFSIGNALED(s) && WTERMSIG(s) == ");
      ConstantSets.signal(out, signal);
      out.add((status & 0x80) != 0 ? " && WCOREDUMP(s)}]" : "}]");
    }
  }

  private static void signal(ByteBuffer s, CallText out) {
    out.add('[');
    ConstantSets.signal(out, s.getInt(0));
    out.add(']');
  }
}
