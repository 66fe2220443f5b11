/* Open files: open flags, reading and writing, offsets, holes, descriptors, and their errors. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#ifndef O_TMPFILE
#error "O_TMPFILE is needed"
#endif

static const size_t PAGE = 4096;
static char *const NON_CANONICAL = (char *)0x8000000000000000UL;

static long size_of(int fd) {
  struct stat st;
  return fstat(fd, &st) ? -1 : (long)st.st_size;
}

static void open_flags(void) {
  int fd = (int)CHECK_OK(open("created", O_CREAT | O_EXCL | O_WRONLY, 0666));
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_EQ(close(fd), 0);
  struct stat st;
  CHECK_EQ(stat("created", &st), 0);
  CHECK_EQ(st.st_mode, S_IFREG | 0644); /* 0666 less the umask */
  CHECK_EQ(st.st_size, 10);

  CHECK_ERRNO(open("created", O_CREAT | O_EXCL | O_WRONLY, 0666), EEXIST);
  CHECK_ERRNO(open("absent", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("", O_RDONLY), ENOENT);
  CHECK_ERRNO(open("absent/x", O_RDWR | O_CREAT, 0644), ENOENT);
  CHECK_ERRNO(open("created/x", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(open("created/", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(open("created", O_RDONLY | O_DIRECTORY), ENOTDIR);
  CHECK_ERRNO(open("new/", O_CREAT | O_WRONLY, 0644), EISDIR);
  CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
  CHECK_ERRNO(open(".", O_RDWR), EISDIR);
  CHECK_ERRNO(open(".", O_RDONLY | O_CREAT, 0644), EISDIR);
  CHECK_ERRNO(RAW(open, 0L, O_RDONLY), EFAULT);
  CHECK_ERRNO(RAW(open, NON_CANONICAL, O_RDONLY), EFAULT);
  CHECK_ERRNO(openat(-1, "created", O_RDONLY), EBADF);
  CHECK_ERRNO(openat(12345, "created", O_RDONLY), EBADF);

  fd = (int)CHECK_OK(open("created", O_WRONLY | O_TRUNC));
  CHECK_EQ(size_of(fd), 0);
  CHECK_ERRNO(read(fd, &st, 1), EBADF);
  CHECK_EQ(close(fd), 0);
  fd = (int)CHECK_OK(open("created", O_RDONLY));
  CHECK_ERRNO(write(fd, "x", 1), EBADF);
  CHECK_ERRNO(ftruncate(fd, 1), EINVAL);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(close(fd), EBADF);

  fd = (int)CHECK_OK(openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY));
  char byte;
  CHECK_ERRNO(read(fd, &byte, 1), EISDIR);
  CHECK_ERRNO(pread(fd, &byte, 1, 0), EISDIR);
  CHECK_ERRNO(write(fd, &byte, 1), EBADF);
  CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
  int relative = (int)CHECK_OK(openat(fd, "created", O_RDONLY));
  close(relative);
  close(fd);

  CHECK_EQ(symlink("created", "link"), 0);
  CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
  CHECK_ERRNO(open("link", O_RDWR | O_CREAT | O_EXCL, 0644), EEXIST);
  fd = (int)CHECK_OK(open("link", O_RDONLY));
  close(fd);
  CHECK_EQ(symlink("made-through-link", "dangling"), 0);
  CHECK_ERRNO(open("dangling", O_RDONLY), ENOENT);
  fd = (int)CHECK_OK(open("dangling", O_RDWR | O_CREAT, 0644));
  close(fd);
  CHECK_EQ(access("made-through-link", F_OK), 0);
  fd = (int)CHECK_OK(creat("created", 0600));
  CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
  close(fd);
}

static void append(void) {
  int fd = (int)CHECK_OK(open("append", O_CREAT | O_RDWR | O_APPEND, 0644));
  CHECK_EQ(write(fd, "abc", 3), 3);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_EQ(write(fd, "def", 3), 3);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
  CHECK_EQ(pwrite(fd, "ghi", 3, 0), 3); /* Linux appends whatever the offset: pwrite(2), BUGS */
  CHECK_EQ(size_of(fd), 9);
  char text[16] = {0};
  CHECK_EQ(pread(fd, text, 15, 0), 9);
  CHECK(!strcmp(text, "abcdefghi"));
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE), O_APPEND | O_RDWR);
  CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_APPEND, 0);
  CHECK_EQ(pwrite(fd, "ABC", 3, 0), 3);
  CHECK_EQ(size_of(fd), 9);
  CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_TRUNC | O_WRONLY), 0);
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE), O_APPEND | O_NONBLOCK | O_RDWR);
  CHECK_EQ(size_of(fd), 9);
  close(fd);
}

static void path_and_temporary(void) {
  write_file("target", "content", 7);
  int fd = (int)CHECK_OK(open("target", O_PATH));
  char buffer[32];
  CHECK_ERRNO(read(fd, buffer, 1), EBADF);
  CHECK_ERRNO(write(fd, buffer, 1), EBADF);
  CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
  CHECK_ERRNO(fchmod(fd, 0600), EBADF);
  CHECK_ERRNO(ftruncate(fd, 0), EBADF);
  CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF);
  CHECK_EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
  CHECK_EQ(size_of(fd), 7);
  struct stat st;
  CHECK_EQ(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
  CHECK_EQ(st.st_size, 7);
  CHECK_EQ(close(fd), 0);
  CHECK_EQ(symlink("target", "path-link"), 0);
  fd = (int)CHECK_OK(open("path-link", O_PATH | O_NOFOLLOW));
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK(S_ISLNK(st.st_mode));
  CHECK_EQ(readlinkat(fd, "", buffer, sizeof buffer), 6);
  close(fd);
  fd = (int)CHECK_OK(open(".", O_PATH | O_DIRECTORY));
  int through = (int)CHECK_OK(openat(fd, "target", O_RDONLY));
  close(through);
  close(fd);

  fd = (int)CHECK_OK(open(".", O_TMPFILE | O_RDWR, 0600));
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK_EQ(st.st_nlink, 0);
  CHECK_EQ(st.st_mode, S_IFREG | 0600);
  CHECK_EQ(write(fd, "hidden", 6), 6);
  CHECK_EQ(pread(fd, buffer, sizeof buffer, 0), 6);
  CHECK_EQ(close(fd), 0);
  CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
  CHECK_ERRNO(open("target", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
}

static void read_and_write(void) {
  int fd = (int)CHECK_OK(open("rw", O_CREAT | O_RDWR | O_TRUNC, 0644));
  char buffer[64];
  CHECK_EQ(read(fd, buffer, sizeof buffer), 0);
  CHECK_EQ(write(fd, "hello, world", 12), 12);
  CHECK_EQ(read(fd, buffer, sizeof buffer), 0);
  CHECK_EQ(lseek(fd, -5, SEEK_END), 7);
  CHECK_EQ(read(fd, buffer, sizeof buffer), 5);
  CHECK(!memcmp(buffer, "world", 5));
  CHECK_EQ(pread(fd, buffer, 5, 0), 5);
  CHECK(!memcmp(buffer, "hello", 5));
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 12);
  CHECK_EQ(pwrite(fd, "J", 1, 0), 1);
  CHECK_EQ(pread(fd, buffer, 5, 100), 0);
  CHECK_EQ(read(fd, buffer, 0), 0);
  CHECK_EQ(write(fd, buffer, 0), 0);
  CHECK_ERRNO(pread(fd, buffer, 1, -1), EINVAL);
  CHECK_ERRNO(pwrite(fd, buffer, 1, -1), EINVAL);
  CHECK_EQ(size_of(fd), 12);

  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(RAW(read, fd, NULL, 1L), EFAULT);
  CHECK_ERRNO(read(fd, NON_CANONICAL, 12), EFAULT);
  CHECK_ERRNO(read(fd, (char *)-1, 12), EFAULT);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
  CHECK_ERRNO(RAW(write, fd, NULL, 1L), EFAULT);
  CHECK_ERRNO(write(fd, NON_CANONICAL, 1), EFAULT);
  CHECK_ERRNO(RAW(read, fd, buffer, -1L), EFAULT);
  CHECK_ERRNO(read(-1, buffer, 1), EBADF);
  CHECK_ERRNO(write(9999, buffer, 1), EBADF);
  CHECK_ERRNO(RAW(read, INT_MAX, buffer, 1L), EBADF);
  CHECK_ERRNO(RAW(write, INT_MIN, buffer, 1L), EBADF);

  struct iovec out[] = {{"one ", 4}, {NULL, 0}, {"two ", 4}, {"three", 5}};
  CHECK_EQ(writev(fd, out, 4), 13);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  char a[3], b[20];
  struct iovec in[] = {{a, 3}, {b, 20}};
  CHECK_EQ(readv(fd, in, 2), 13);
  CHECK(!memcmp(a, "one", 3) && !memcmp(b, " two three", 10));
  CHECK_EQ(preadv(fd, in, 1, 4), 3);
  CHECK(!memcmp(a, "two", 3));
  CHECK_EQ(pwritev(fd, out, 1, 4), 4);
  CHECK_EQ(preadv2(fd, in, 1, 4, 0), 3);
  CHECK(!memcmp(a, "one", 3));
  CHECK_EQ(writev(fd, out, 0), 0);
  CHECK_ERRNO(RAW(writev, fd, out, -1L), EINVAL);
  CHECK_ERRNO(RAW(writev, fd, out, 1025L), EINVAL);
  CHECK_ERRNO(RAW(readv, fd, NULL, 1L), EFAULT);
  struct iovec huge[] = {{a, 3}, {b, (size_t)-1}};
  CHECK_ERRNO(readv(fd, huge, 2), EINVAL);
  struct iovec half[] = {{"good", 4}, {NULL, 4}};
  CHECK_EQ(pwritev(fd, half, 2, 0), 4);
  CHECK_ERRNO(preadv(fd, in, 1, -1), EINVAL);
  CHECK_EQ(close(fd), 0);
}

static void seeking(void) {
  int fd = (int)CHECK_OK(open("seek", O_CREAT | O_RDWR | O_TRUNC, 0644));
  CHECK_EQ(lseek(fd, 1000, SEEK_SET), 1000);
  CHECK_EQ(lseek(fd, -400, SEEK_CUR), 600);
  CHECK_ERRNO(lseek(fd, -601, SEEK_CUR), EINVAL);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 600);
  CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
  CHECK_ERRNO(lseek(fd, 0, 99), EINVAL);
  CHECK_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);
  CHECK_EQ(size_of(fd), 0);
  CHECK_EQ(lseek(fd, 10, SEEK_END), 10);
  CHECK_EQ(write(fd, "x", 1), 1);
  CHECK_EQ(size_of(fd), 11);
  char bytes[11];
  CHECK_EQ(pread(fd, bytes, 11, 0), 11);
  CHECK(!memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0x", 11));
  close(fd);

  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) == 0) {
    CHECK_ERRNO(lseek(pipe_fds[0], 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(pipe_fds[0], bytes, 1, 0), ESPIPE);
    CHECK_ERRNO(pwrite(pipe_fds[1], bytes, 1, 0), ESPIPE);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
  } else {
    check_skip("ESPIPE: no pipes");
  }
}

static void holes(void) {
  int fd = (int)CHECK_OK(open("sparse", O_CREAT | O_RDWR | O_TRUNC, 0644));
  const off_t far = 64 << 20;
  CHECK_EQ(pwrite(fd, "start", 5, 0), 5);
  CHECK_EQ(pwrite(fd, "end", 3, far), 3);
  CHECK_EQ(size_of(fd), far + 3);
  struct stat st;
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK(st.st_blocks > 0 && st.st_blocks * 512 < far);
  CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_HOLE), PAGE);
  CHECK_EQ(lseek(fd, PAGE, SEEK_DATA), far);
  CHECK_EQ(lseek(fd, 10 * PAGE, SEEK_HOLE), 10 * PAGE);
  CHECK_EQ(lseek(fd, far, SEEK_HOLE), far + 3);
  CHECK_ERRNO(lseek(fd, far + 3, SEEK_DATA), ENXIO);
  CHECK_ERRNO(lseek(fd, far + 3, SEEK_HOLE), ENXIO);
  CHECK_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
  char page[4096];
  memset(page, 1, sizeof page);
  CHECK_EQ(pread(fd, page, PAGE, far / 2), PAGE);
  char zeroes[4096] = {0};
  CHECK(!memcmp(page, zeroes, PAGE));

  CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, far, 1), 0);
  CHECK_EQ(pread(fd, page, 3, far), 3);
  CHECK(!memcmp(page, "\0nd", 3));
  CHECK_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
  CHECK_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
  CHECK_ERRNO(fallocate(fd, 0, -1, 1), EINVAL);
  CHECK_ERRNO(fallocate(fd, 0, LONG_MAX, 1), EFBIG);
  CHECK_ERRNO(fallocate(fd, 0x4000, 0, 1), EOPNOTSUPP);
  CHECK_ERRNO(fallocate(-1, 0, 0, 1), EBADF);
  close(fd);

  fd = (int)CHECK_OK(open("reserved", O_CREAT | O_RDWR | O_TRUNC, 0644));
  CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE), 0);
  CHECK_EQ(size_of(fd), 0);
  CHECK_EQ(fallocate(fd, 0, PAGE, PAGE), 0);
  CHECK_EQ(size_of(fd), 2 * PAGE);
  CHECK_EQ(posix_fallocate(fd, 0, 5 * PAGE), 0);
  CHECK_EQ(size_of(fd), 5 * PAGE);
  CHECK_EQ(pwrite(fd, "abcdef", 6, PAGE - 3), 6);
  CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE), 0);
  CHECK_EQ(pread(fd, page, 6, PAGE - 3), 6);
  CHECK(!memcmp(page, "abc\0\0\0", 6));
  CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
  CHECK_EQ(posix_fadvise(fd, 0, 0, 77), EINVAL);
  CHECK_EQ(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
  close(fd);
  fd = (int)CHECK_OK(open("reserved", O_RDONLY));
  CHECK_ERRNO(fallocate(fd, 0, 0, 1), EBADF);
  close(fd);
}

static void truncation(void) {
  int fd = (int)CHECK_OK(open("trunc", O_CREAT | O_RDWR | O_TRUNC, 0644));
  CHECK_EQ(write(fd, "0123456789", 10), 10);
  CHECK_EQ(ftruncate(fd, 4), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
  CHECK_EQ(ftruncate(fd, 8), 0);
  char bytes[16];
  CHECK_EQ(pread(fd, bytes, 16, 0), 8);
  CHECK(!memcmp(bytes, "0123\0\0\0\0", 8)); /* the cut part must not come back */
  CHECK_ERRNO(ftruncate(fd, -1), EINVAL);
  CHECK_EQ(ftruncate(fd, 1L << 40), 0);
  CHECK_EQ(size_of(fd), 1L << 40);
  CHECK_EQ(truncate("trunc", 3), 0);
  CHECK_EQ(size_of(fd), 3);
  CHECK_ERRNO(truncate("trunc", -1), EINVAL);
  CHECK_ERRNO(truncate("absent", 0), ENOENT);
  CHECK_ERRNO(truncate(".", 0), EISDIR);
  CHECK_ERRNO(ftruncate(-1, 0), EBADF);
  CHECK_EQ(fsync(fd), 0);
  CHECK_EQ(fdatasync(fd), 0);
  CHECK_ERRNO(fsync(-1), EBADF);
  CHECK_EQ(unlink("trunc"), 0);
  CHECK_EQ(pread(fd, bytes, 16, 0), 3); /* an unlinked file lives as long as it is open */
  CHECK_EQ(pwrite(fd, "Z", 1, 5), 1);
  CHECK_EQ(size_of(fd), 6);
  close(fd);
}

static void copying(void) {
  static char big[100000], back[100000];
  for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i * 7 + i / 251);
  write_file("source", big, sizeof big);
  int in = (int)CHECK_OK(open("source", O_RDONLY));
  int out = (int)CHECK_OK(open("copy", O_RDWR | O_CREAT | O_TRUNC, 0644));
  CHECK_EQ(sendfile(out, in, NULL, 60000), 60000);
  CHECK_EQ(lseek(in, 0, SEEK_CUR), 60000);
  off_t offset = 60000;
  CHECK_EQ(sendfile(out, in, &offset, 1000000), 40000);
  CHECK_EQ(offset, 100000);
  CHECK_EQ(lseek(in, 0, SEEK_CUR), 60000);
  CHECK_EQ(sendfile(out, in, &offset, 10), 0);
  CHECK_EQ(pread(out, back, sizeof back, 0), sizeof back);
  CHECK(!memcmp(big, back, sizeof big));
  CHECK_ERRNO(sendfile(in, out, NULL, 10), EBADF);
  CHECK_ERRNO(sendfile(out, -1, NULL, 10), EBADF);
  offset = -1;
  CHECK_ERRNO(sendfile(out, in, &offset, 10), EINVAL);
  CHECK_ERRNO(sendfile(out, in, (off_t *)8, 10), EFAULT);
  offset = 0;
  CHECK_ERRNO(sendfile(out, in, &offset, (size_t)-1), EINVAL);
  offset = INT64_MAX - 10;
  CHECK_ERRNO(sendfile(out, in, &offset, 100), EINVAL);
  offset = 1;
  CHECK_ERRNO(RAW(copy_file_range, in, &offset, out, NULL, (size_t)-1, 0U), EOVERFLOW);

  CHECK_EQ(ftruncate(out, 0), 0);
  loff_t from = 1000, to = 500;
  CHECK_EQ(copy_file_range(in, &from, out, &to, 50000, 0), 50000);
  CHECK_EQ(from, 51000);
  CHECK_EQ(to, 50500);
  CHECK_EQ(size_of(out), 50500);
  CHECK_EQ(pread(out, back, 50000, 500), 50000);
  CHECK(!memcmp(big + 1000, back, 50000));
  CHECK_EQ(copy_file_range(in, &(loff_t){100000}, out, &(loff_t){0}, 10, 0), 0);
  CHECK_ERRNO(copy_file_range(in, NULL, out, NULL, 10, 1), EINVAL);
  CHECK_ERRNO(copy_file_range(out, NULL, in, NULL, 10, 0), EBADF);
  CHECK_ERRNO(copy_file_range(out, &(loff_t){0}, out, &(loff_t){5}, 10, 0), EINVAL); /* overlap */
  int directory = (int)CHECK_OK(open(".", O_RDONLY));
  CHECK_ERRNO(copy_file_range(directory, NULL, out, NULL, 10, 0), EISDIR);
  CHECK_EQ(fcntl(out, F_SETFL, O_APPEND), 0);
  CHECK_ERRNO(copy_file_range(in, NULL, out, NULL, 10, 0), EBADF);
  CHECK_ERRNO(sendfile(out, in, NULL, 10), EINVAL);
  close(directory);
  close(in);
  close(out);
}

static void descriptors(void) {
  int fd = (int)CHECK_OK(open("source", O_RDONLY | O_CLOEXEC));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  int other = (int)CHECK_OK(dup(fd));
  CHECK_EQ(fcntl(other, F_GETFD), 0);
  CHECK_EQ(lseek(fd, 123, SEEK_SET), 123);
  CHECK_EQ(lseek(other, 0, SEEK_CUR), 123); /* one open file description */
  CHECK_EQ(fcntl(other, F_SETFD, FD_CLOEXEC), 0);
  CHECK_EQ(fcntl(other, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(close(fd), 0);
  CHECK_EQ(lseek(other, 0, SEEK_CUR), 123);
  CHECK_EQ(dup(other), fd); /* the lowest free number */

  CHECK_EQ(dup2(other, 70), 70);
  CHECK_EQ(dup2(other, other), other);
  CHECK_ERRNO(dup2(-1, 70), EBADF);
  CHECK_ERRNO(dup2(999, 999), EBADF);
  CHECK_ERRNO(dup2(other, -1), EBADF);
  CHECK_EQ(dup3(other, 71, O_CLOEXEC), 71);
  CHECK_EQ(fcntl(71, F_GETFD), FD_CLOEXEC);
  CHECK_ERRNO(dup3(other, other, 0), EINVAL);
  CHECK_ERRNO(dup3(other, 72, O_APPEND), EINVAL);
  CHECK_ERRNO(dup(-1), EBADF);
  CHECK_EQ(fcntl(other, F_DUPFD, 80), 80);
  CHECK_EQ(fcntl(other, F_DUPFD, 80), 81);
  CHECK_EQ(fcntl(other, F_DUPFD_CLOEXEC, 80), 82);
  CHECK_EQ(fcntl(82, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(80, F_GETFD), 0);
  CHECK_ERRNO(fcntl(other, F_DUPFD, -1), EINVAL);
  CHECK_ERRNO(fcntl(other, F_DUPFD, INT_MAX), EINVAL);
  CHECK_ERRNO(fcntl(-1, F_GETFD), EBADF);
  CHECK_ERRNO(fcntl(other, 0x7777), EINVAL);
  CHECK_ERRNO(ioctl(other, TIOCGWINSZ, &(struct winsize){0}), ENOTTY);
  for (int i = 70; i <= 82; i++) close(i);
  close(fd);
  close(other);
  CHECK_EQ(RAW(close_range, 500U, 600U, 0U), 0);
  CHECK_EQ(RAW(close_range, 500U, 600U, 2U /* CLOSE_RANGE_UNSHARE */), 0);
  CHECK_ERRNO(RAW(close_range, 600U, 500U, 0U), EINVAL);
}

/* One descriptor more than the limit allows is EMFILE, and all close again. */
static void too_many_files(void) {
  int fds[64], opened = 0;
  int next = open("source", O_RDONLY);
  close(next);
  struct { uint64_t current, maximum; } old, small;
  CHECK_EQ(RAW(prlimit64, 0, 7 /* RLIMIT_NOFILE */, NULL, &old), 0);
  small = old;
  small.current = (uint64_t)next + 8;
  CHECK_EQ(RAW(prlimit64, 0, 7, &small, NULL), 0);
  while (opened < 64 && (fds[opened] = open("source", O_RDONLY)) >= 0) opened++;
  CHECK_EQ(opened, 8);
  CHECK_ERRNO(open("source", O_RDONLY), EMFILE);
  CHECK_ERRNO(dup(fds[0]), EMFILE);
  CHECK_ERRNO(dup2(fds[0], (int)small.current), EBADF);
  for (int i = 0; i < opened; i++) close(fds[i]);
  CHECK_EQ(RAW(prlimit64, 0, 7, &old, NULL), 0);
}

int main(int argc, char **argv) {
  check_start("files", argc, argv);
  open_flags();
  append();
  path_and_temporary();
  read_and_write();
  seeking();
  holes();
  truncation();
  copying();
  descriptors();
  too_many_files();
  return check_report();
}
