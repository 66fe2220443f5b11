package org.biscotti.kernel.fs;

import org.biscotti.kernel.abi.Errno;
import org.biscotti.kernel.abi.ErrnoException;
import org.biscotti.kernel.abi.Fcntl;
import org.biscotti.kernel.abi.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Resolution of one path (path_resolution(7)): component by component, through symbolic links and
 * mounts, with search permission checked on every directory.
 *
 * <p>A walk has two parts. {@link #walkToParent} stops before the last component; {@link
 * #directory}, {@link #last}, {@link #kind} and {@link #hasTrailingSlash} then say where it is.
 * {@link #finish} looks that one up, too.
 */
public final class PathWalker {
  /** Most symbolic links that one resolution follows. */
  private static final int LINKS_MAX = 40;

  /** What the last component is. */
  public enum Kind {
    /** A name. */
    NAME,
    /** "." */
    DOT,
    /** ".." */
    DOT_DOT,
    /** There is none: the path is "/". */
    ROOT
  }

  private final Caller caller;
  private final Credentials who;
  private final int resolve;
  private Dentry root;
  private Dentry current;
  private String path;
  private int position;
  private int links;
  private String last = "";
  private Kind kind = Kind.ROOT;
  private boolean trailingSlash;
  private boolean jumped;

  /**
   * Prepares a walk.
   *
   * @param start directory that a relative path starts from
   * @param path as the program gave it
   * @param resolve RESOLVE_ flags of openat2(2)
   */
  public PathWalker(Caller caller, Dentry start, String path, int resolve) {
    this(caller, caller.credentials(), start, path, resolve);
  }

  PathWalker(Caller caller, Credentials who, Dentry start, String path, int resolve) {
    this.caller = caller;
    this.who = who;
    this.resolve = resolve;
    this.path = path;
    boolean scoped = (resolve & (Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_IN_ROOT)) != 0;
    root = scoped ? start : caller.fs().root();
    current = start;
  }

  /**
   * Resolves a path to the file it names.
   *
   * @param followLast what to do if that is a symbolic link
   * @throws ErrnoException ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG
   */
  public static Dentry resolve(Caller caller, Dentry start, String path, boolean followLast) {
    PathWalker walker = new PathWalker(caller, start, path, 0);
    walker.walkToParent();
    return walker.finish(followLast);
  }

  /** The same with somebody else's rights, as access(2) needs it. */
  public static Dentry resolve(
      Caller caller, Credentials who, Dentry start, String path, boolean followLast) {
    PathWalker walker = new PathWalker(caller, who, start, path, 0);
    walker.walkToParent();
    return walker.finish(followLast);
  }

  /** Directory of the last component; for {@link Kind#ROOT}, that directory itself. */
  public Dentry directory() {
    return current;
  }

  /** The last component. */
  public String last() {
    return last;
  }

  public Kind kind() {
    return kind;
  }

  /** True if slashes follow the last component: it has to be a directory. */
  public boolean hasTrailingSlash() {
    return trailingSlash;
  }

  /** Walks up to the last component. */
  public void walkToParent() {
    if (path.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (path.charAt(0) == '/') {
      toRoot();
    }
    proceed();
  }

  private void toRoot() {
    if ((resolve & Fcntl.RESOLVE_BENEATH) != 0) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    Dentry to = root.top();
    checkSameMount(to);
    current = to;
  }

  private void proceed() {
    while (true) {
      position = skipSlashes(position);
      if (position == path.length()) {
        kind = Kind.ROOT;
        last = "";
        trailingSlash = true;
        return;
      }
      checkSearch();
      int end = path.indexOf('/', position);
      end = end < 0 ? path.length() : end;
      int next = skipSlashes(end);
      String name = path.substring(position, end);
      if (next == path.length()) {
        last = name;
        kind = kindOf(name);
        trailingSlash = end < next;
        return;
      }
      position = next;
      step(name);
    }
  }

  private int skipSlashes(int from) {
    int at = from;
    while (at < path.length() && path.charAt(at) == '/') {
      at++;
    }
    return at;
  }

  private static Kind kindOf(String name) {
    if (name.charAt(0) != '.' || name.length() > 2) {
      return Kind.NAME;
    }
    if (name.length() == 1) {
      return Kind.DOT;
    }
    return name.charAt(1) == '.' ? Kind.DOT_DOT : Kind.NAME;
  }

  private void checkSearch() {
    if (!current.inode().isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    Permissions.check(current.inode(), who, Stat.X_OK);
  }

  private void step(String name) {
    switch (kindOf(name)) {
      case NAME -> {
        Dentry child = lookup(name);
        if (child == null) {
          throw ErrnoException.of(Errno.ENOENT);
        }
        if (child.inode() instanceof Symlink link) {
          follow(link, path.substring(position));
        } else {
          current = child;
        }
      }
      case DOT_DOT -> toParent();
      case DOT, ROOT -> {}
    }
  }

  /**
   * Looks a name up in the directory where the walk is, and crosses into what is mounted there.
   *
   * @return null if there is none
   * @throws ErrnoException ENAMETOOLONG
   */
  @Nullable Dentry lookup(String name) {
    Dentry child = lookupHere(name);
    if (child == null) {
      return null;
    }
    Dentry top = child.top();
    checkSameMount(top);
    return top;
  }

  /** Looks a name up in the directory where the walk is, whatever is mounted there. */
  @Nullable Dentry lookupHere(String name) {
    if (current.isUnlinked()) {
      return null;
    }
    if (name.length() > Fcntl.NAME_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    if (!(current.inode() instanceof Directory directory)) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    return directory.lookup(name, caller);
  }

  private void toParent() {
    if (current == root || current == root.top()) {
      if ((resolve & Fcntl.RESOLVE_BENEATH) != 0) {
        throw ErrnoException.of(Errno.EXDEV);
      }
      return;
    }
    Dentry above = current.above();
    if (above != null) {
      Dentry top = above.top();
      checkSameMount(top);
      current = top;
    }
  }

  private void checkSameMount(Dentry to) {
    if ((resolve & Fcntl.RESOLVE_NO_XDEV) != 0
        && to.inode().fileSystem().device() != current.inode().fileSystem().device()) {
      throw ErrnoException.of(Errno.EXDEV);
    }
  }

  /** Goes where a link leads; {@code rest} is what comes after it in the path. */
  private void follow(Symlink link, String rest) {
    if ((resolve & Fcntl.RESOLVE_NO_SYMLINKS) != 0 || ++links > LINKS_MAX) {
      throw ErrnoException.of(Errno.ELOOP);
    }
    link.touchAccessed(0);
    Dentry target = link.jump(caller);
    if (target != null) {
      jump(target, rest);
      return;
    }
    String to = link.target(caller);
    path = rest.isEmpty() ? to : to + "/" + rest;
    position = 0;
    if (to.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (to.charAt(0) == '/') {
      toRoot();
    }
  }

  private void jump(Dentry target, String rest) {
    int scoped = Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_IN_ROOT;
    if ((resolve & Fcntl.RESOLVE_NO_MAGICLINKS) != 0) {
      throw ErrnoException.of(Errno.ELOOP);
    }
    if ((resolve & scoped) != 0) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    checkSameMount(target);
    current = target;
    path = rest;
    position = 0;
    jumped = true;
  }

  /**
   * Looks up the last component.
   *
   * @param followLast true to follow it if it is a symbolic link; a trailing slash does that anyway
   */
  public Dentry finish(boolean followLast) {
    Dentry found = finishOrNull(followLast);
    if (found == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (trailingSlash && !found.inode().isDirectory()) {
      throw ErrnoException.of(Errno.ENOTDIR);
    }
    return found;
  }

  /**
   * Looks up the last component, following links from there on. When this returns, {@link
   * #directory} and {@link #last} are those of the last name looked up.
   *
   * @return null if there is no such name
   */
  @Nullable Dentry finishOrNull(boolean followLast) {
    while (true) {
      if (kind != Kind.NAME) {
        if (kind == Kind.DOT_DOT) {
          toParent();
        }
        return current;
      }
      Dentry child = lookup(last);
      if (child == null
          || !(child.inode() instanceof Symlink link)
          || !(followLast || trailingSlash)) {
        return child;
      }
      if (followLink(link)) {
        return current;
      }
    }
  }

  /**
   * Follows a link in the place of the last component.
   *
   * @return true if it led straight to a file, false if there is a new last component
   */
  boolean followLink(Symlink link) {
    jumped = false;
    follow(link, trailingSlash ? "/" : "");
    if (jumped) {
      kind = Kind.ROOT;
      return true;
    }
    proceed();
    return false;
  }
}
