/* Metadata: the stat family, modes and owners, timestamps and when they move, statfs, xattr calls. */
#include "check.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

static struct stat now_of(const char *path) {
  struct stat st = {0};
  CHECK_EQ(lstat(path, &st), 0);
  return st;
}

static bool same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool later(struct timespec a, struct timespec b) {
  return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Longer than the coarsest tick by which a kernel may stamp files (10 ms at HZ=100). */
static void let_time_pass(void) {
  struct timespec pause = {0, 25 * 1000 * 1000};
  nanosleep(&pause, NULL);
}

static void stat_fields(void) {
  struct timespec before, after;
  clock_gettime(CLOCK_REALTIME, &before);
  write_file("f", "12345", 5);
  clock_gettime(CLOCK_REALTIME, &after);
  struct stat a, b, c;
  CHECK_EQ(stat("f", &a), 0);
  CHECK_EQ(lstat("f", &b), 0);
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(fstat(fd, &c), 0);
  CHECK(!memcmp(&a, &b, sizeof a));
  CHECK(!memcmp(&a, &c, sizeof a));
  CHECK_EQ(a.st_mode, S_IFREG | 0644);
  CHECK_EQ(a.st_nlink, 1);
  CHECK_EQ(a.st_size, 5);
  CHECK_EQ(a.st_uid, geteuid());
  CHECK_EQ(a.st_gid, getegid());
  CHECK(a.st_ino != 0);
  CHECK(a.st_blksize >= 512);
  CHECK_EQ(a.st_blocks, 8); /* one page in units of 512 bytes */
  CHECK(a.st_mtim.tv_sec >= before.tv_sec - 1 && a.st_mtim.tv_sec <= after.tv_sec + 1);
  CHECK(a.st_mtim.tv_nsec >= 0 && a.st_mtim.tv_nsec < 1000000000);
  CHECK(!later(a.st_mtim, after));
  CHECK_EQ(fstatat(AT_FDCWD, "f", &b, 0), 0);
  CHECK_EQ(fstatat(fd, "", &b, AT_EMPTY_PATH), 0);
  CHECK_EQ(b.st_ino, a.st_ino);
  CHECK_ERRNO(fstatat(fd, "", &b, 0), ENOENT);
  CHECK_ERRNO(fstatat(AT_FDCWD, "f", &b, 0x8000), EINVAL);
  CHECK_ERRNO(fstat(-1, &b), EBADF);
  CHECK_ERRNO(stat("absent", &b), ENOENT);
  CHECK_ERRNO(RAW(stat, "f", NULL), EFAULT);
  CHECK_ERRNO(RAW(stat, NULL, &b), EFAULT);
  CHECK_ERRNO(RAW(fstat, fd, 0x8000000000000000UL), EFAULT);
  struct stat directory = now_of(".");
  CHECK_EQ(directory.st_dev, a.st_dev);
  CHECK(S_ISDIR(directory.st_mode) && directory.st_ino != a.st_ino);
  CHECK_EQ(stat("/dev/null", &b), 0);
  CHECK(S_ISCHR(b.st_mode));
  CHECK_EQ(b.st_rdev, makedev(1, 3));
  close(fd);
}

static void statx_fields(void) {
  struct stat st = now_of("f");
  struct statx x;
  memset(&x, 0xaa, sizeof x);
  CHECK_EQ(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &x), 0);
  CHECK_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
  CHECK_EQ(x.stx_mode, st.st_mode);
  CHECK_EQ(x.stx_size, st.st_size);
  CHECK_EQ(x.stx_ino, st.st_ino);
  CHECK_EQ(x.stx_nlink, 1);
  CHECK_EQ(x.stx_uid, st.st_uid);
  CHECK_EQ(x.stx_gid, st.st_gid);
  CHECK_EQ(x.stx_blocks, st.st_blocks);
  CHECK_EQ(x.stx_blksize, st.st_blksize);
  CHECK_EQ(makedev(x.stx_dev_major, x.stx_dev_minor), st.st_dev);
  CHECK_EQ(x.stx_mtime.tv_sec, st.st_mtim.tv_sec);
  CHECK_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
  CHECK_EQ(x.stx_ctime.tv_nsec, st.st_ctim.tv_nsec);
  if (x.stx_mask & STATX_BTIME) CHECK(x.stx_btime.tv_sec <= x.stx_ctime.tv_sec);
  CHECK_EQ(symlink("f", "statx-link"), 0);
  CHECK_EQ(statx(AT_FDCWD, "statx-link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x), 0);
  CHECK(S_ISLNK(x.stx_mode));
  CHECK_EQ(statx(AT_FDCWD, "statx-link", AT_STATX_DONT_SYNC, STATX_INO, &x), 0);
  CHECK_EQ(x.stx_ino, st.st_ino);
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x), 0);
  CHECK_EQ(x.stx_size, 5);
  close(fd);
  CHECK_ERRNO(statx(AT_FDCWD, "f", 0x800000, STATX_SIZE, &x), EINVAL);
  CHECK_ERRNO(statx(AT_FDCWD, "f", 0, 0x80000000U, &x), EINVAL);
  CHECK_ERRNO(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &x), EINVAL);
  CHECK_ERRNO(RAW(statx, AT_FDCWD, "f", 0, STATX_SIZE, NULL), EFAULT);
  CHECK_ERRNO(statx(AT_FDCWD, "absent", 0, 0, &x), ENOENT);
}

static void modes(void) {
  CHECK_EQ(chmod("f", 0600), 0);
  CHECK_EQ(now_of("f").st_mode, S_IFREG | 0600);
  CHECK_EQ(chmod("f", 04755), 0);
  CHECK_EQ(now_of("f").st_mode, S_IFREG | 04755);
  CHECK_EQ(chmod("f", 0xffff8000 | 0640), 0); /* bits beyond the permissions are ignored */
  CHECK_EQ(now_of("f").st_mode, S_IFREG | 0640);
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(fchmod(fd, 0644), 0);
  CHECK_EQ(now_of("f").st_mode, S_IFREG | 0644);
  close(fd);
  CHECK_EQ(fchmodat(AT_FDCWD, "f", 0604, 0), 0);
  CHECK_EQ(now_of("f").st_mode & 07777, 0604);
  CHECK_ERRNO(chmod("absent", 0600), ENOENT);
  CHECK_ERRNO(fchmod(-1, 0600), EBADF);
  CHECK_ERRNO(chmod("f/x", 0600), ENOTDIR);
  CHECK_EQ(chmod("statx-link", 0644), 0); /* through the link */
  CHECK_EQ(now_of("f").st_mode & 07777, 0644);

  CHECK_EQ(umask(077), 022);
  CHECK_EQ(mkdir("private", 0777), 0);
  CHECK_EQ(now_of("private").st_mode, S_IFDIR | 0700);
  CHECK_EQ(umask(0xfff000 | 022), 077);
  CHECK_EQ(umask(022), 022);
  CHECK_EQ(mknod("node", S_IFREG | 0666, 0), 0);
  CHECK_EQ(now_of("node").st_mode, S_IFREG | 0644);
  CHECK_EQ(now_of("node").st_size, 0);
  CHECK_ERRNO(mknod("node", S_IFREG | 0666, 0), EEXIST);
  CHECK_ERRNO(mknod("node2", S_IFLNK | 0666, 0), EINVAL);
}

static void owners(void) {
  CHECK_EQ(chown("f", (uid_t)-1, (gid_t)-1), 0);
  CHECK_EQ(chown("f", geteuid(), getegid()), 0);
  CHECK_ERRNO(chown("absent", (uid_t)-1, (gid_t)-1), ENOENT);
  CHECK_ERRNO(fchown(-1, 0, 0), EBADF);
  CHECK_ERRNO(fchownat(AT_FDCWD, "f", 0, 0, 0x8000), EINVAL);
  if (geteuid() != 0) {
    CHECK_ERRNO(chown("f", 0, (gid_t)-1), EPERM);
    check_skip("changing owners: needs a superuser");
    return;
  }
  CHECK_EQ(chmod("f", 06755), 0);
  CHECK_EQ(chown("f", 1234, 4321), 0);
  struct stat st = now_of("f");
  CHECK_EQ(st.st_uid, 1234);
  CHECK_EQ(st.st_gid, 4321);
  CHECK_EQ(st.st_mode, S_IFREG | 0755); /* set-id bits go with the owner: chown(2) */
  CHECK_EQ(chown("f", (uid_t)-1, 77), 0);
  st = now_of("f");
  CHECK_EQ(st.st_uid, 1234);
  CHECK_EQ(st.st_gid, 77);
  CHECK_EQ(lchown("statx-link", 5, 6), 0);
  CHECK_EQ(now_of("statx-link").st_uid, 5);
  CHECK_EQ(now_of("f").st_uid, 1234);
  CHECK_EQ(fchownat(AT_FDCWD, "statx-link", 0, 0, 0), 0);
  CHECK_EQ(now_of("f").st_uid, 0);
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(fchown(fd, 9, 9), 0);
  CHECK_EQ(fchownat(fd, "", 10, -1, AT_EMPTY_PATH), 0);
  CHECK_EQ(now_of("f").st_uid, 10);
  CHECK_EQ(fchown(fd, 0, 0) | chmod("f", 0644), 0);
  close(fd);

  /* What is made in a set-group-ID directory takes its group; a directory the bit as well. */
  CHECK_EQ(mkdir("group", 0755) | chown("group", 0, 77) | chmod("group", 02775), 0);
  write_file("group/file", "", 0);
  CHECK_EQ(now_of("group/file").st_gid, 77);
  CHECK_EQ(mkdir("group/sub", 0755), 0);
  CHECK_EQ(now_of("group/sub").st_gid, 77);
  CHECK_EQ(now_of("group/sub").st_mode, S_IFDIR | 02755);
  CHECK_EQ(symlink("x", "group/link"), 0);
  CHECK_EQ(now_of("group/link").st_gid, 77);
}

static void setting_times(void) {
  struct timespec set[2] = {{1000000000, 123456789}, {-5, 999999999}};
  CHECK_EQ(utimensat(AT_FDCWD, "f", set, 0), 0);
  struct stat st = now_of("f");
  CHECK(same_time(st.st_atim, set[0]));
  CHECK(same_time(st.st_mtim, set[1]));
  CHECK(st.st_ctim.tv_sec > 1500000000);
  struct timespec omit[2] = {{7, UTIME_OMIT}, {2000000000, 5}};
  CHECK_EQ(utimensat(AT_FDCWD, "f", omit, 0), 0);
  st = now_of("f");
  CHECK(same_time(st.st_atim, set[0]));
  CHECK(same_time(st.st_mtim, omit[1]));
  struct timespec current[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
  CHECK_EQ(utimensat(AT_FDCWD, "f", current, 0), 0);
  st = now_of("f");
  CHECK(st.st_atim.tv_sec > 1500000000);
  CHECK(same_time(st.st_mtim, omit[1]));
  struct timespec ctime_before = st.st_ctim;
  struct timespec neither[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  let_time_pass();
  CHECK_EQ(utimensat(AT_FDCWD, "f", neither, 0), 0);
  CHECK(same_time(now_of("f").st_ctim, ctime_before));
  CHECK_EQ(utimensat(AT_FDCWD, "f", NULL, 0), 0);
  st = now_of("f");
  CHECK(later(st.st_ctim, ctime_before));
  CHECK(st.st_mtim.tv_sec > 1500000000 && st.st_mtim.tv_sec < 2000000000);
  struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
  CHECK_ERRNO(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
  bad[0].tv_nsec = -1;
  CHECK_ERRNO(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
  CHECK_ERRNO(utimensat(AT_FDCWD, "f", set, 0x8000), EINVAL);
  CHECK_ERRNO(utimensat(AT_FDCWD, "absent", set, 0), ENOENT);
  CHECK_ERRNO(RAW(utimensat, AT_FDCWD, "f", 8L, 0), EFAULT);
  CHECK_EQ(utimensat(AT_FDCWD, "statx-link", set, AT_SYMLINK_NOFOLLOW), 0);
  CHECK(same_time(now_of("statx-link").st_mtim, set[1]));
  CHECK(!same_time(now_of("f").st_mtim, set[1]));
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(futimens(fd, set), 0);
  CHECK(same_time(now_of("f").st_atim, set[0]));
  close(fd);
  CHECK_ERRNO(futimens(-1, set), EBADF);
}

/* A change moves mtime, ctime, both or neither of a file and of its directory: inode(7). */
enum { NOTHING = 0, MTIME = 1, CTIME = 2 };

static int moved(struct stat before, struct stat after) {
  return (later(after.st_mtim, before.st_mtim) ? MTIME : NOTHING) |
         (later(after.st_ctim, before.st_ctim) ? CTIME : NOTHING);
}

#define CHECK_MOVES(path, action, wanted)        \
  do {                                           \
    struct stat before_action = now_of(path);    \
    let_time_pass();                             \
    CHECK_OK(action);                            \
    CHECK_EQ(moved(before_action, now_of(path)), wanted); \
  } while (0)

static void moving_times(void) {
  char byte;
  CHECK_EQ(mkdir("times", 0755), 0);
  write_file("times/f", "0123", 4);
  int fd = (int)CHECK_OK(open("times/f", O_RDWR));
  CHECK_MOVES("times/f", read(fd, &byte, 1), NOTHING);
  CHECK_MOVES("times/f", write(fd, "x", 1), MTIME | CTIME);
  CHECK_MOVES("times/f", write(fd, "", 0), NOTHING);
  CHECK_MOVES("times/f", pwrite(fd, "y", 1, 100), MTIME | CTIME);
  CHECK_MOVES("times/f", ftruncate(fd, 2), MTIME | CTIME);
  CHECK_MOVES("times/f", ftruncate(fd, 2), MTIME | CTIME);
  CHECK_MOVES("times/f", fchmod(fd, 0600), CTIME);
  CHECK_MOVES("times/f", fchown(fd, geteuid(), getegid()), CTIME);
  CHECK_MOVES("times/f", link("times/f", "times/g"), CTIME);
  CHECK_MOVES("times/f", unlink("times/g"), CTIME);
  CHECK_MOVES("times/f", rename("times/f", "times/f"), NOTHING);
  CHECK_MOVES("times/f", fallocate(fd, 0, 0, 4096), MTIME | CTIME);
  CHECK_MOVES("times", write(fd, "x", 1), NOTHING);
  CHECK_MOVES("times", mknod("times/new", S_IFREG | 0644, 0), MTIME | CTIME);
  CHECK_MOVES("times", rename("times/new", "times/newer"), MTIME | CTIME);
  CHECK_MOVES("times", unlink("times/newer"), MTIME | CTIME);
  CHECK_MOVES("times", mkdir("times/sub", 0755), MTIME | CTIME);
  CHECK_MOVES("times", mkdir("times/sub/sub", 0755), NOTHING);
  CHECK_MOVES("times", symlink("x", "times/link"), MTIME | CTIME);
  CHECK_MOVES("times", chmod("times", 0700), CTIME);
  CHECK_MOVES("times", link("times/f", "times/h"), MTIME | CTIME);
  CHECK_MOVES("times/h", rename("times/f", "times/moved"), CTIME); /* h is f: a rename is a change */
  CHECK_EQ(rename("times/moved", "times/f"), 0);
  CHECK_MOVES("times/f", open("times/f", O_WRONLY | O_TRUNC | O_CLOEXEC), MTIME | CTIME);
  close(fd);
}

static void permissions(void) {
  write_file("open", "x", 1);
  CHECK_EQ(chmod("open", 0644), 0);
  CHECK_EQ(access("open", F_OK | R_OK | W_OK), 0);
  CHECK_ERRNO(access("open", X_OK), EACCES); /* not even root runs what no one may run */
  CHECK_ERRNO(access("absent", F_OK), ENOENT);
  CHECK_ERRNO(access("open", 8), EINVAL);
  CHECK_ERRNO(RAW(access, NULL, F_OK), EFAULT);
  CHECK_EQ(faccessat(AT_FDCWD, "open", R_OK, AT_EACCESS), 0);
  CHECK_ERRNO(RAW(faccessat2, AT_FDCWD, "open", R_OK, 0x8000), EINVAL);
  CHECK_ERRNO(faccessat(-1, "open", R_OK, 0), EBADF);
  CHECK_EQ(symlink("absent", "broken"), 0);
  CHECK_ERRNO(faccessat(AT_FDCWD, "broken", F_OK, 0), ENOENT);
  CHECK_EQ(RAW(faccessat2, AT_FDCWD, "broken", F_OK, AT_SYMLINK_NOFOLLOW), 0);
  CHECK_EQ(mkdir("dir", 0755), 0);
  bool root = geteuid() == 0;
  write_file("theirs", "secret", 6);
  CHECK_EQ(chmod("theirs", 0040), 0);
  if (root) {
    CHECK_EQ(access("theirs", R_OK | W_OK), 0);
    if (setresuid(-1, 65534, -1)) {
      CHECK_EQ(errno, ENOSYS);
      check_skip("permissions of an ordinary user: no setresuid");
      return;
    }
  }
  CHECK_ERRNO(open("theirs", O_WRONLY), EACCES);
  if (!root) CHECK_ERRNO(open("theirs", O_RDONLY), EACCES); /* the owner's bits alone count */
  if (root) {
    CHECK_ERRNO(chmod("open", 0777), EPERM);
    CHECK_ERRNO(chown("open", 65534, -1), EPERM);
    CHECK_ERRNO(open("open", O_WRONLY), EACCES);
    CHECK_ERRNO(truncate("open", 0), EACCES);
    CHECK_ERRNO(utimensat(AT_FDCWD, "open", NULL, 0), EACCES);
    CHECK_ERRNO(utimensat(AT_FDCWD, "open", (struct timespec[]){{1, 0}, {1, 0}}, 0), EPERM);
    CHECK_ERRNO(symlink("x", "no"), EACCES);
    CHECK_ERRNO(faccessat(AT_FDCWD, "open", W_OK, AT_EACCESS), EACCES);
    CHECK_EQ(access("open", W_OK), 0);
    CHECK_EQ(setresuid(-1, 0, -1), 0);
  }
}

static void file_system(void) {
  struct statfs fs = {0}, other = {0};
  CHECK_EQ(statfs(".", &fs), 0);
  int fd = (int)CHECK_OK(open("f", O_RDONLY));
  CHECK_EQ(fstatfs(fd, &other), 0);
  CHECK_EQ(fs.f_type, other.f_type);
  CHECK(fs.f_bsize >= 512 && fs.f_namelen == 255);
  CHECK(fs.f_bfree <= fs.f_blocks && fs.f_bavail <= fs.f_bfree && fs.f_ffree <= fs.f_files);
  CHECK_ERRNO(fstatfs(-1, &fs), EBADF);
  CHECK_ERRNO(statfs("absent", &fs), ENOENT);
  CHECK_ERRNO(RAW(statfs, ".", NULL), EFAULT);
  CHECK_EQ(statfs("/proc", &fs), 0);
  CHECK_EQ(fs.f_type, 0x9fa0); /* PROC_SUPER_MAGIC */

  char value[16];
  CHECK_EITHER(getxattr("f", "user.none", value, sizeof value), EOPNOTSUPP, ENODATA);
  CHECK_EITHER(lgetxattr("f", "user.none", value, sizeof value), EOPNOTSUPP, ENODATA);
  CHECK_EITHER(fgetxattr(fd, "user.none", value, sizeof value), EOPNOTSUPP, ENODATA);
  CHECK_EITHER(removexattr("f", "user.none"), EOPNOTSUPP, ENODATA);
  int set = setxattr("f", "user.some", "v", 1, 0);
  CHECK(set == 0 || errno == EOPNOTSUPP);
  if (set == 0) {
    CHECK_EQ(getxattr("f", "user.some", value, sizeof value), 1);
    CHECK_ERRNO(setxattr("f", "user.some", "v", 1, XATTR_CREATE), EEXIST);
    CHECK_EQ(removexattr("f", "user.some"), 0);
  }
  char names[1024];
  long listed = listxattr("f", names, sizeof names);
  CHECK(listed >= 0 || errno == EOPNOTSUPP);
  CHECK_ERRNO(getxattr("absent", "user.none", value, sizeof value), ENOENT);
  CHECK_ERRNO(fgetxattr(-1, "user.none", value, sizeof value), EBADF);
  close(fd);
}

int main(int argc, char **argv) {
  check_start("metadata", argc, argv);
  stat_fields();
  statx_fields();
  modes();
  owners();
  setting_times();
  moving_times();
  permissions();
  file_system();
  return check_report();
}
