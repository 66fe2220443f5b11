package org.biscotti.kernel.fs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.biscotti.kernel.fs.TestTree.assertErrno;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.mem.KernelMemory;
import org.biscotti.kernel.mem.KernelMemory.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** /proc: the formats of proc(5), magic links, and who may look. */
class ProcTest {
  private final TestTree tree = new TestTree();

  @BeforeEach
  void start() {
    tree.process = new OneProcess(tree);
  }

  @AfterEach
  void close() {
    tree.close();
  }

  @Test
  void selfIsTheCaller() {
    assertThat(((Symlink) tree.find("/proc/self").inode()).target(tree)).isEqualTo("1");
    assertThat(((Symlink) tree.find("/proc/thread-self").inode()).target(tree))
        .isEqualTo("1/task/1");
    assertThat(tree.contents("/proc/self/comm")).isEqualTo("cat\n");
    assertThat(tree.contents("/proc/thread-self/cmdline")).isEqualTo("cat\0-n\0");
    assertThat(tree.status("/proc/1").inode).isEqualTo(tree.status("/proc/1").inode);
    assertErrno(Errno.ENOENT, () -> tree.find("/proc/2"));
    assertErrno(Errno.ENOENT, () -> tree.find("/proc/01"));
  }

  @Test
  void statusHasTheLinesProgramsLookFor() {
    assertThat(tree.contents("/proc/self/status").split("\n", -1))
        .contains(
            "Name:\tcat",
            "Umask:\t0022",
            "State:\tR (running)",
            "Pid:\t1",
            "Uid:\t0\t0\t0\t0",
            "VmSize:\t     400 kB",
            "VmRSS:\t     100 kB",
            "SigBlk:\t0000000000000004",
            "Threads:\t1");
  }

  @Test
  void statHasFiftyTwoFields() {
    String stat = tree.contents("/proc/self/stat");
    assertThat(stat)
        .startsWith("1 (cat) R 0 1 1 34817 9 0 5 0 6 0 100 200 300 400 15 -5 1 0 ")
        .endsWith("\n");
    assertThat(stat.trim().split(" ", -1)).hasSize(52);
    assertThat(stat.split(" ", -1)[22]).as("vsize").isEqualTo("409600");
    assertThat(stat.split(" ", -1)[23]).as("rss in pages").isEqualTo("25");
    assertThat(tree.contents("/proc/self/statm")).isEqualTo("100 25 2 3 0 9 0\n");
  }

  @Test
  void aThreadHasItsOwnNameNumberAndTimes() {
    String status = tree.contents("/proc/1/task/1/status");
    assertThat(status.split("\n", -1))
        .contains("Name:\tworker", "State:\tS (sleeping)", "Tgid:\t1", "Pid:\t1")
        .contains("SigPnd:\t0000000000000001", "SigBlk:\t0000000000000008")
        .contains("NoNewPrivs:\t1");
    assertThat(tree.contents("/proc/1/task/1/stat"))
        .startsWith("1 (worker) S 0 1 1 34817 9 0 3 0 6 0 1 2 300 400 15 -5 1 0 ");
    assertThat(tree.contents("/proc/1/task/1/comm")).isEqualTo("worker\n");
    assertThat(tree.contents("/proc/1/comm")).isEqualTo("cat\n");
    assertErrno(Errno.ENOENT, () -> tree.find("/proc/1/task/2"));
  }

  @Test
  void aNameIsForTheProcessItselfToGive() {
    OpenFile comm = tree.open("/proc/self/comm", Fcntl.O_WRONLY);
    tree.write(comm, "seventeen letters");
    assertThat(tree.contents("/proc/thread-self/comm")).isEqualTo("seventeen lette\n");
    comm.release();
    tree.process = new OneProcess(tree, 2);
    OpenFile others = tree.open("/proc/2/comm", Fcntl.O_WRONLY);
    assertErrno(Errno.EINVAL, () -> tree.write(others, "x"));
    others.release();
    OpenFile status = tree.open("/proc/2/status", Fcntl.O_RDWR);
    assertErrno(Errno.EINVAL, () -> tree.write(status, "x"));
    status.release();
  }

  @Test
  void descriptorsSayHowTheyAreOpen() {
    OpenFile file = tree.create("/f");
    tree.write(file, "text");
    int fd = tree.table.install(file, true);
    assertThat(tree.contents("/proc/self/fdinfo/" + fd).split("\n", -1))
        .startsWith("pos:\t4", "flags:\t02000002", "mnt_id:\t20");
    assertErrno(Errno.ENOENT, () -> tree.find("/proc/self/fdinfo/77"));
    tree.table.close(fd);
  }

  @Test
  void limitsAreAlignedAsLinuxAlignsThem() {
    assertThat(tree.contents("/proc/self/limits").lines())
        .containsExactly(
            "Limit                     Soft Limit           Hard Limit           Units     ",
            "Max open files            1024                 4096                 files     ",
            "Max nice priority         0                    unlimited            ");
  }

  @Test
  void descriptorsLeadToOpenFiles() {
    OpenFile file = tree.create("/f");
    tree.write(file, "text");
    int fd = tree.table.install(file, false);
    String link = "/proc/self/fd/" + fd;
    assertThat(((Symlink) tree.find(link).inode()).target(tree)).isEqualTo("/f");
    assertThat(tree.status(link).mode).isEqualTo(Stat.S_IFLNK | 0700);
    tree.unlink("/f");
    assertThat(((Symlink) tree.find(link).inode()).target(tree)).isEqualTo("/f (deleted)");
    assertThat(tree.contents(link)).isEqualTo("text");
    assertThat(tree.contents("/dev/fd/" + fd)).isEqualTo("text");
    assertErrno(Errno.ENOENT, () -> tree.find("/proc/self/fd/77"));
    assertErrno(Errno.ENOTDIR, () -> tree.find(link + "/"));
    List<String> names = new ArrayList<>();
    OpenFile directory = tree.open("/proc/self/fd", Fcntl.O_RDONLY);
    directory.readDirectory((name, inode, mode, at) -> names.add(name), tree);
    assertThat(names).containsExactly(".", "..", Integer.toString(fd));
    directory.release();
    tree.table.close(fd);
  }

  @Test
  void magicLinksCanBeForbidden() {
    int resolve = Fcntl.RESOLVE_NO_MAGICLINKS;
    Dentry root = tree.context.root();
    assertThat(tree.follow("/proc/self/exe").inode()).isSameAs(tree.find("/bin-cat").inode());
    assertThat(tree.follow("/proc/self/cwd/").inode()).isSameAs(root.inode());
    assertErrno(
        Errno.ELOOP, () -> Opening.open(tree, root, "/proc/self/exe", Fcntl.O_RDONLY, 0, resolve));
    Opening.open(tree, root, "/proc/self/status", Fcntl.O_RDONLY, 0, resolve).release();
  }

  @Test
  void othersMayNotLookInside() {
    tree.process = new OneProcess(tree, 2);
    tree.who = Credentials.of(1000, 1000);
    assertErrno(Errno.EACCES, () -> tree.find("/proc/2/fd/0"));
    assertErrno(Errno.EACCES, () -> tree.follow("/proc/2/exe"));
    assertErrno(Errno.EACCES, () -> tree.contents("/proc/2/environ"));
    assertErrno(Errno.EACCES, () -> tree.find("/proc/2/fdinfo/0"));
    assertThat(tree.contents("/proc/2/comm")).isEqualTo("cat\n");
  }

  @Test
  void contentsAreMadeAnewAtTheStart() {
    OpenFile file = tree.open("/proc/sys/kernel/random/uuid", Fcntl.O_RDONLY);
    tree.buffer.reset(tree.user, tree.area, 10);
    assertThat(file.read(tree.buffer, tree)).isEqualTo(10);
    String rest = tree.read(file);
    assertThat(rest).hasSize(27).endsWith("\n");
    file.seek(0, Fcntl.SEEK_SET);
    assertThat(tree.read(file)).hasSize(37).doesNotEndWith(rest);
    assertThat(tree.contents("/proc/sys/kernel/random/boot_id"))
        .isEqualTo(tree.contents("/proc/sys/kernel/random/boot_id"));
    file.release();
  }

  @Test
  void systemFiles() {
    assertThat(tree.contents("/proc/uptime")).isEqualTo("12.34 21.68\n");
    assertThat(tree.contents("/proc/version")).isEqualTo("Linux version 6.1.0 #1 SMP\n");
    assertThat(tree.contents("/proc/cpuinfo"))
        .isEqualTo("processor\t: 0\nvendor_id\t: Test\n\nprocessor\t: 1\nvendor_id\t: Test\n\n");
    assertThat(tree.contents("/proc/meminfo")).startsWith("MemTotal:          16384 kB\n");
    assertThat(tree.contents("/proc/stat")).startsWith("cpu  100 0 200 2168 0 0 0 0 0 0\ncpu0 ");
    assertThat(tree.contents("/proc/sys/kernel/pid_max")).isEqualTo("4096\n");
    assertThat(tree.contents("/proc/vmstat")).startsWith("nr_free_pages ");
    assertThat(tree.contents("/proc/self/wchan")).isEqualTo("0");
    assertThat(tree.contents("/proc/filesystems")).contains("nodev\ttmpfs\n");
    assertThat(tree.contents("/proc/mounts"))
        .isEqualTo(
            """
            tmpfs / tmpfs rw,relatime 0 0
            devtmpfs /dev devtmpfs rw,nosuid,relatime 0 0
            tmpfs /dev/shm tmpfs rw,nosuid,nodev,relatime 0 0
            proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
            """);
    assertThat(tree.contents("/proc/self/mountinfo").split("\n", -1)[3])
        .matches("2\\d 20 0:\\d+ / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw");
    assertThat(tree.status("/proc/meminfo").size).isZero();
  }

  @Test
  void nothingIsMadeOrRemoved() {
    assertErrno(Errno.ENOENT, () -> tree.mkdir("/proc/new"));
    assertErrno(Errno.ENOENT, () -> tree.create("/proc/new"));
    assertErrno(Errno.ENOENT, () -> tree.create("/proc/self/new"));
    assertErrno(Errno.EPERM, () -> tree.rmdir("/proc/1"));
    assertErrno(Errno.EPERM, () -> tree.unlink("/proc/version"));
    assertErrno(Errno.ENOENT, () -> tree.rename("/proc/version", "/proc/y", 0));
  }

  /** A process as /proc sees it. */
  private record OneProcess(TestTree tree, int pid, OneThread first) implements ProcessView {
    OneProcess(TestTree tree, int pid) {
      this(tree, pid, new OneThread(pid));
    }

    OneProcess(TestTree tree) {
      this(tree, 1);
      tree.create("/bin-cat").release();
    }

    @Override
    public int parentPid() {
      return 0;
    }

    @Override
    public int processGroup() {
      return 1;
    }

    @Override
    public int session() {
      return 1;
    }

    @Override
    public String name() {
      return "cat";
    }

    @Override
    public char state() {
      return 'R';
    }

    @Override
    public List<Integer> threads() {
      return List.of(pid);
    }

    @Override
    public @Nullable ThreadView thread(int number) {
      return number == pid ? first : null;
    }

    @Override
    public long terminal() {
      return Stat.device(136, 1);
    }

    @Override
    public int foregroundGroup() {
      return 9;
    }

    @Override
    public int niceness() {
      return -5;
    }

    @Override
    public boolean isDumpable() {
      return true;
    }

    @Override
    public boolean hasNoNewPrivileges() {
      return true;
    }

    @Override
    public long childrenUserNanos() {
      return 3_000_000_000L;
    }

    @Override
    public long childrenSystemNanos() {
      return 4_000_000_000L;
    }

    @Override
    public Credentials credentials() {
      return Credentials.ROOT;
    }

    @Override
    public FsContext fs() {
      return tree.context;
    }

    @Override
    public FileTable files() {
      return tree.table;
    }

    @Override
    public @Nullable Dentry executable() {
      return tree.find("/bin-cat");
    }

    @Override
    public byte[] commandLine() {
      return "cat\0-n\0".getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public byte[] environment() {
      return "A=1\0".getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public byte[] auxiliaryVector() {
      return new byte[16];
    }

    @Override
    public String detailedMaps() {
      return "";
    }

    @Override
    public String mapsRollup() {
      return "";
    }

    @Override
    public String maps() {
      return "00400000-00401000 r-xp 00000000 00:14 5 /bin-cat\n";
    }

    @Override
    public Memory memory() {
      return new Memory(409_600, 500_000, 102_400, 110_000, 8192, 32_768, 4096, 12_288, 8192, 0);
    }

    @Override
    public SignalSets signals() {
      return new SignalSets(0, 0, 4, 0, 0);
    }

    @Override
    public List<Limit> limits() {
      return List.of(new Limit(7, 1024, 4096), new Limit(13, 0, -1));
    }

    @Override
    public long userNanos() {
      return 1_000_000_000;
    }

    @Override
    public long systemNanos() {
      return 2_000_000_000;
    }

    @Override
    public long startNanos() {
      return tree.time.get();
    }

    @Override
    public long minorFaults() {
      return 5;
    }

    @Override
    public long majorFaults() {
      return 6;
    }
  }

  /** The contents of an open file are on the heap; they go at the end, or when it is closed. */
  @Test
  void contentsAreChargedWhileTheyAreKept() {
    long before = KernelMemory.HEAP.count(Kind.BYTE);
    OpenFile file = tree.open("/proc/cpuinfo", Fcntl.O_RDONLY);
    tree.buffer.reset(tree.user, tree.area, 5);
    assertThat(file.read(tree.buffer, tree)).isEqualTo(5);
    long kept = KernelMemory.HEAP.count(Kind.BYTE) - before;
    assertThat(kept).isPositive();
    assertThat(tree.read(file)).hasSize((int) kept - 5);
    assertThat(tree.read(file)).isEmpty();
    assertThat(KernelMemory.HEAP.count(Kind.BYTE)).isEqualTo(before);
    file.seek(0, Fcntl.SEEK_SET);
    assertThat(tree.read(file)).hasSize((int) kept);
    assertThat(KernelMemory.HEAP.count(Kind.BYTE)).isEqualTo(before + kept);
    file.release();
    assertThat(KernelMemory.HEAP.count(Kind.BYTE)).isEqualTo(before);
  }

  /** Its thread. */
  private static final class OneThread implements ThreadView {
    private final int number;
    private String name = "worker";

    OneThread(int number) {
      this.number = number;
    }

    @Override
    public int threadId() {
      return number;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void setName(String newName) {
      name = newName;
    }

    @Override
    public char state() {
      return 'S';
    }

    @Override
    public long userNanos() {
      return 10_000_000;
    }

    @Override
    public long systemNanos() {
      return 20_000_000;
    }

    @Override
    public long minorFaults() {
      return 3;
    }

    @Override
    public long pendingSignals() {
      return 1;
    }

    @Override
    public long blockedSignals() {
      return 8;
    }
  }
}
