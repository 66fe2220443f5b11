/**
 * The kernel's devices over those of the host: mounted directories, the three standard streams, the
 * clock. Each class implements one of the ports in {@code org.biscotti.kernel.port}.
 *
 * <p>Invariants. A guest reaches no host file outside what the user named: names are single
 * components without slashes, resolved beneath an open descriptor; no link is ever followed here;
 * the file system's type and the file's type are checked on the opened descriptor, not on the name,
 * before anything is opened for reading or writing. Only regular files, directories and symbolic
 * links of file systems that merely store files are served. A guest cannot use up the JVM's
 * descriptors: directories share a bounded cache and are reopened when needed, open files are
 * counted. The flags of descriptors that are shared with the caller's shell are never changed, and
 * nothing is read from them that no program asked for.
 *
 * <p>Lock order: the lock of {@code DirectoryCache}, then that of {@code MountTable}; the lock of
 * {@code ReadinessThread} is independent. None is held during a call that can wait for a disk.
 */
@NullMarked
package org.biscotti.devices;

import org.jspecify.annotations.NullMarked;
