package org.biscotti.kernel.syscall;

import static org.biscotti.kernel.abi.Errno.*;
import static org.biscotti.kernel.abi.Mman.*;

import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Stat;
import org.biscotti.kernel.fs.OpenFile;
import org.biscotti.kernel.ipc.MemoryObject;
import org.biscotti.kernel.mem.AddressSpace;
import org.biscotti.kernel.mem.PageSource;
import org.biscotti.kernel.port.GuestMemory;
import org.biscotti.kernel.task.Task;

/** The address space of a process: mmap(2) and what belongs to it. */
final class MemoryCalls {
  private static final int MLOCKALL_FLAGS = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;

  private static final long DEV_ZERO = Stat.device(1, 5);

  private MemoryCalls() {}

  static long mmap(
      Task t, long addr, long length, long prot, long flags, long descriptor, long offset) {
    if ((offset & (GuestMemory.PAGE_SIZE - 1)) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    if ((flags & MAP_LOCKED) != 0) {
      lockable(t);
    }
    if ((flags & MAP_ANONYMOUS) != 0) {
      return t.space().mmap(addr, length, (int) prot, (int) flags, null, offset, false);
    }
    OpenFile file = t.files().get((int) descriptor);
    checkMappable(file, length, (int) prot, (int) flags);
    if (file.inode().specialDevice() == DEV_ZERO) {
      int anonymous = ((int) flags & ~MAP_TYPE) | typeForZero((int) flags) | MAP_ANONYMOUS;
      return t.space().mmap(addr, length, (int) prot, anonymous, null, 0, false);
    }
    if (file.inode() instanceof MemoryObject object) {
      return mapObject(t, addr, length, (int) prot, (int) flags, file, object, offset);
    }
    PageSource source = file.pageSource();
    boolean writable = file.isWritable();
    return t.space().mmap(addr, length, (int) prot, (int) flags, source, offset, writable);
  }

  /** Seals stay as they are while the mapping is made. */
  private static long mapObject(
      Task t,
      long addr,
      long length,
      int prot,
      int flags,
      OpenFile file,
      MemoryObject object,
      long offset) {
    boolean writes = (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) != 0;
    return object
        .access()
        .call(() -> {
          boolean writable = file.isWritable() && !object.forbidsWriting();
          if (writes && !writable) {
            throw ErrnoException.of(EPERM);
          }
          return t.space().mmap(addr, length, prot, flags, file.pageSource(), offset, writable);
        });
  }

  /** A mapping always reads the file, whatever its protection. */
  private static void checkMappable(OpenFile file, long length, int prot, int flags) {
    if (length == 0 || (flags & MAP_HUGETLB) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    boolean writes = (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) != 0;
    if (!file.isReadable() || (writes && !file.isWritable())) {
      throw ErrnoException.of(EACCES);
    }
  }

  /** Mapping /dev/zero is another way to ask for anonymous memory (zero(4)). */
  private static int typeForZero(int flags) {
    int type = flags & MAP_TYPE;
    return type == MAP_SHARED_VALIDATE ? MAP_SHARED : type;
  }

  static long mprotect(Task t, long addr, long length, long prot, long d, long e, long f) {
    t.space().mprotect(addr, length, (int) prot);
    return 0;
  }

  /** Without protection keys, as on a processor that has none (pkeys(7)). */
  static long pkeyMprotect(Task t, long addr, long length, long prot, long key, long e, long f) {
    if ((int) key != -1) {
      throw ErrnoException.of(EINVAL);
    }
    return mprotect(t, addr, length, prot, 0, 0, 0);
  }

  static long munmap(Task t, long addr, long length, long c, long d, long e, long f) {
    t.space().munmap(addr, length);
    return 0;
  }

  static long brk(Task t, long newBreak, long b, long c, long d, long e, long f) {
    return t.space().brk(newBreak);
  }

  static long mremap(
      Task t, long addr, long oldLength, long newLength, long flags, long newAddr, long f) {
    return t.space().mremap(addr, oldLength, newLength, (int) flags, newAddr);
  }

  static long msync(Task t, long addr, long length, long flags, long d, long e, long f) {
    t.space().msync(addr, length, (int) flags);
    return 0;
  }

  static long mincore(Task t, long addr, long length, long vector, long d, long e, long f) {
    t.space().mincore(addr, length, t.memory(), vector, t::mustEnd);
    return 0;
  }

  static long madvise(Task t, long addr, long length, long advice, long d, long e, long f) {
    t.space().madvise(addr, length, (int) advice);
    return 0;
  }

  static long mlock(Task t, long addr, long length, long c, long d, long e, long f) {
    lockable(t).lock(addr, length, false);
    return 0;
  }

  static long mlock2(Task t, long addr, long length, long flags, long d, long e, long f) {
    if (((int) flags & ~MLOCK_ONFAULT) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    lockable(t).lock(addr, length, (int) flags == MLOCK_ONFAULT);
    return 0;
  }

  static long munlock(Task t, long addr, long length, long c, long d, long e, long f) {
    t.space().unlock(addr, length);
    return 0;
  }

  static long mlockall(Task t, long flags, long b, long c, long d, long e, long f) {
    int which = (int) flags;
    if (which == 0 || which == MCL_ONFAULT || (which & ~MLOCKALL_FLAGS) != 0) {
      throw ErrnoException.of(EINVAL);
    }
    boolean onFault = (which & MCL_ONFAULT) != 0;
    lockable(t).lockAll((which & MCL_CURRENT) != 0, (which & MCL_FUTURE) != 0, onFault);
    return 0;
  }

  static long munlockall(Task t, long a, long b, long c, long d, long e, long f) {
    t.space().unlockAll();
    return 0;
  }

  /** The address space, which knows how much may be locked in it now. */
  private static AddressSpace lockable(Task t) {
    AddressSpace space = t.space();
    space.setLockLimit(t.process().lockLimit());
    return space;
  }
}
