package org.biscotti.kernel.fs.proc;

import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileSystemStatus;
import org.biscotti.kernel.fs.Groups;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.OpenBytes;
import org.biscotti.kernel.fs.ProcessDirectory;
import org.biscotti.kernel.fs.SystemView;
import org.biscotti.kernel.mem.FrameAllocator;
import org.biscotti.kernel.port.Clock;

/** The file system below /proc. */
public final class ProcFileSystem extends FileSystem {
  private static final long MAGIC = 0x9fa0L;
  private static final int BLOCK_BYTES = 4096;
  private static final int READ_ONLY = 0444;

  private final Dentry root;
  private final StaticFolder net;

  /**
   * Makes the file system; the caller mounts it.
   *
   * @param processes whom it shows
   * @param mounts what /proc/mounts shows
   */
  public ProcFileSystem(
      Clock clock,
      FrameAllocator frames,
      ProcessDirectory processes,
      SystemView system,
      MountTable mounts) {
    super(
        "proc", "proc", Stat.ST_NOSUID | Stat.ST_NODEV | Stat.ST_NOEXEC | Stat.ST_RELATIME, clock);
    RootFolder top = new RootFolder(this, new ProcContext(processes, system, mounts));
    root = top.named(null, "");
    SystemText text = new SystemText(system, frames, clock, processes);
    fill(top, text);
    fillSys(top, text);
    net = folder(top, "net");
  }

  private void fill(StaticFolder top, SystemText text) {
    file(top, "meminfo", text::memory);
    file(top, "cpuinfo", text::processors);
    file(top, "uptime", text::uptime);
    file(top, "version", text::version);
    file(top, "filesystems", text::fileSystems);
    file(top, "stat", text::statistics);
    file(top, "loadavg", text::load);
    file(top, "vmstat", text::pages);
    file(top, "cmdline", text::commandLine);
    top.put("self", new SelfLink(this, newInodeNumber(), false));
    top.put("thread-self", new SelfLink(this, newInodeNumber(), true));
    top.put("mounts", new FixedLink(this, newInodeNumber(), "self/mounts"));
  }

  /** Adds a file below /proc/net. */
  public void addNet(String name, OpenBytes.Source source) {
    file(net, name, source);
  }

  private void fillSys(StaticFolder top, SystemText text) {
    StaticFolder sys = folder(top, "sys");
    StaticFolder kernel = folder(sys, "kernel");
    file(kernel, "ostype", () -> SystemText.line("Linux"));
    file(kernel, "osrelease", text::release);
    file(kernel, "version", text::kernelVersion);
    file(kernel, "hostname", text::hostName);
    file(kernel, "pid_max", text::numbersMax);
    file(kernel, "ngroups_max", () -> SystemText.line(Integer.toString(Groups.MAX)));
    file(kernel, "cap_last_cap", () -> SystemText.line("40"));
    StaticFolder random = folder(kernel, "random");
    file(random, "uuid", SystemText::freshUuid);
    file(random, "boot_id", text::bootId);
    file(random, "entropy_avail", () -> SystemText.line("256"));
    StaticFolder vm = folder(sys, "vm");
    file(vm, "overcommit_memory", () -> SystemText.line("0"));
    file(vm, "max_map_count", () -> SystemText.line("65530"));
    StaticFolder fs = folder(sys, "fs");
    file(fs, "file-max", () -> SystemText.line(Long.toString(Long.MAX_VALUE)));
    file(fs, "nr_open", () -> SystemText.line("1048576"));
  }

  private StaticFolder folder(StaticFolder in, String name) {
    StaticFolder made = new StaticFolder(this, newInodeNumber());
    in.put(name, made);
    return made;
  }

  private void file(StaticFolder in, String name, OpenBytes.Source source) {
    in.put(name, new GeneratedFile(this, newInodeNumber(), READ_ONLY, 0, 0, source));
  }

  @Override
  public Dentry root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    return new FileSystemStatus(MAGIC, BLOCK_BYTES, 0, 0, 0, 0);
  }
}
