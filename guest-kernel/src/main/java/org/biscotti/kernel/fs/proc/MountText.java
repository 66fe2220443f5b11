package org.biscotti.kernel.fs.proc;

import java.util.List;
import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.Dentry;
import org.biscotti.kernel.fs.FileSystem;
import org.biscotti.kernel.fs.FileTable;
import org.biscotti.kernel.fs.MountTable;
import org.biscotti.kernel.fs.OpenFile;
import org.jspecify.annotations.Nullable;

/** What is mounted, in the formats of fstab(5) and of /proc/pid/mountinfo. */
final class MountText {
  /** Mount numbers start here; the place in the table tells them apart. */
  private static final int FIRST_NUMBER = 20;

  private MountText() {}

  /** /proc/pid/mounts, as seen from a root directory. */
  static byte[] mounts(MountTable table, Dentry root) {
    StringBuilder out = new StringBuilder(256);
    for (FileSystem mounted : table.all()) {
      String path = pathOf(mounted, root);
      if (path != null) {
        out.append(escape(mounted.source())).append(' ').append(escape(path)).append(' ');
        out.append(mounted.type()).append(' ').append(flags(mounted));
        out.append(options(mounted)).append(" 0 0\n");
      }
    }
    return ProcessText.bytes(out.toString());
  }

  /** /proc/pid/mountinfo, as seen from a root directory. */
  static byte[] mountInfo(MountTable table, Dentry root) {
    StringBuilder out = new StringBuilder(256);
    List<FileSystem> all = table.all();
    for (int i = 0; i < all.size(); i++) {
      FileSystem mounted = all.get(i);
      String path = pathOf(mounted, root);
      if (path != null) {
        out.append(FIRST_NUMBER + i).append(' ').append(parentNumber(all, mounted)).append(' ');
        out.append(Stat.major(mounted.device())).append(':').append(Stat.minor(mounted.device()));
        out.append(" / ").append(escape(path)).append(' ').append(flags(mounted)).append(" - ");
        out.append(mounted.type()).append(' ').append(escape(mounted.source())).append(' ');
        out.append(mounted.isReadOnly() ? "ro" : "rw").append(options(mounted)).append('\n');
      }
    }
    return ProcessText.bytes(out.toString());
  }

  /** /proc/pid/fdinfo/N: position, flags, and the number in mountinfo of where the file is. */
  static byte[] descriptor(MountTable table, FileTable files, int descriptor) {
    OpenFile file = files.find(descriptor);
    if (file == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    int closes = files.isCloseOnExec(descriptor) ? Fcntl.O_CLOEXEC : 0;
    return ProcessText.bytes(
        "pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n"
            .formatted(
                file.isSeekable() ? file.position() : 0,
                file.flags() | closes,
                numberOf(table, file.inode().fileSystem()),
                file.inode().number()));
  }

  /** What is mounted nowhere has the number behind the last. */
  private static int numberOf(MountTable table, FileSystem fileSystem) {
    List<FileSystem> all = table.all();
    int index = all.indexOf(fileSystem);
    return FIRST_NUMBER + (index < 0 ? all.size() : index);
  }

  private static @Nullable String pathOf(FileSystem mounted, Dentry root) {
    return mounted.root().pathFrom(root);
  }

  private static int parentNumber(List<FileSystem> all, FileSystem mounted) {
    Dentry at = mounted.mountPoint();
    for (int i = 0; at != null && i < all.size(); i++) {
      if (all.get(i).device() == at.inode().fileSystem().device()) {
        return FIRST_NUMBER + i;
      }
    }
    return 1;
  }

  private static String flags(FileSystem mounted) {
    int flags = mounted.mountFlags();
    StringBuilder out = new StringBuilder(mounted.isReadOnly() ? "ro" : "rw");
    out.append((flags & Stat.ST_NOSUID) != 0 ? ",nosuid" : "");
    out.append((flags & Stat.ST_NODEV) != 0 ? ",nodev" : "");
    out.append((flags & Stat.ST_NOEXEC) != 0 ? ",noexec" : "");
    out.append((flags & Stat.ST_NOATIME) != 0 ? ",noatime" : "");
    out.append((flags & Stat.ST_RELATIME) != 0 ? ",relatime" : "");
    return out.toString();
  }

  private static String options(FileSystem mounted) {
    return mounted.options().isEmpty() ? "" : "," + mounted.options();
  }

  /** Blanks and backslashes as octal numbers, as getmntent(3) expects them. */
  private static String escape(String text) {
    return text.replace("\\", "\\134")
        .replace(" ", "\\040")
        .replace("\t", "\\011")
        .replace("\n", "\\012");
  }
}
