/* Directories: making, removing, renaming, listing, links, path resolution and its limits. */
#include "check.h"

#include <sys/uio.h>

struct linux_dirent64 {
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

static long links_of(const char *path) {
  struct stat st;
  return lstat(path, &st) ? -1 : (long)st.st_nlink;
}

static ino_t inode_of(const char *path) {
  struct stat st;
  return lstat(path, &st) ? 0 : st.st_ino;
}

static void touch(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT, 0644);
  CHECK(fd >= 0);
  close(fd);
}

static void make_and_remove(void) {
  CHECK_EQ(mkdir("d", 0777), 0);
  struct stat st;
  CHECK_EQ(stat("d", &st), 0);
  CHECK_EQ(st.st_mode, S_IFDIR | 0755);
  CHECK_EQ(st.st_nlink, 2);
  CHECK_EQ(mkdir("d/sub", 0700), 0);
  CHECK_EQ(links_of("d"), 3);
  CHECK_ERRNO(mkdir("d", 0777), EEXIST);
  CHECK_ERRNO(mkdir("d/", 0777), EEXIST);
  CHECK_ERRNO(mkdir(".", 0777), EEXIST);
  CHECK_ERRNO(mkdir("/", 0777), EEXIST);
  CHECK_ERRNO(mkdir("absent/x", 0777), ENOENT);
  CHECK_ERRNO(mkdir("", 0777), ENOENT);
  CHECK_ERRNO(RAW(mkdir, NULL, 0777), EFAULT);
  CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
  CHECK_ERRNO(rmdir("absent"), ENOENT);
  CHECK_ERRNO(rmdir("d/sub/."), EINVAL);
  CHECK_ERRNO(rmdir("d/sub/.."), ENOTEMPTY);
  touch("f");
  CHECK_ERRNO(rmdir("f"), ENOTDIR);
  CHECK_ERRNO(mkdir("f/x", 0777), ENOTDIR);
  CHECK_ERRNO(mkdir("f", 0777), EEXIST);
  CHECK_ERRNO(unlink("d/sub"), EISDIR);
  CHECK_ERRNO(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
  CHECK_ERRNO(unlinkat(AT_FDCWD, "f", 0x4000), EINVAL);
  CHECK_ERRNO(unlink("f/"), ENOTDIR);
  CHECK_EQ(unlinkat(AT_FDCWD, "d/sub/", AT_REMOVEDIR), 0);
  CHECK_EQ(links_of("d"), 2);
  CHECK_EQ(mkdir("d/slash///", 0755), 0);
  CHECK_EQ(rmdir("d//slash/"), 0);
  CHECK_EQ(rmdir("d"), 0);
  CHECK_EQ(unlink("f"), 0);
  CHECK_ERRNO(unlink("f"), ENOENT);
}

static void rename_files(void) {
  write_file("a", "A", 1);
  write_file("b", "BB", 2);
  ino_t a = inode_of("a");
  CHECK_EQ(rename("a", "b"), 0);
  CHECK_ERRNO(access("a", F_OK), ENOENT);
  CHECK_EQ(inode_of("b"), a);
  CHECK_EQ(rename("b", "b"), 0);
  CHECK_EQ(link("b", "hard"), 0);
  CHECK_EQ(rename("b", "hard"), 0); /* both names of one inode: nothing happens */
  CHECK_EQ(links_of("b"), 2);
  CHECK_EQ(unlink("hard"), 0);
  CHECK_ERRNO(rename("absent", "x"), ENOENT);
  CHECK_ERRNO(rename("b", "absent/x"), ENOENT);
  CHECK_ERRNO(rename("b", "x/"), ENOTDIR);
  CHECK_EQ(mkdir("d", 0755), 0);
  CHECK_ERRNO(rename("b", "d"), EISDIR);
  CHECK_ERRNO(rename("d", "b"), ENOTDIR);
  CHECK_ERRNO(rename("d", "d/inside"), EINVAL);
  CHECK_ERRNO(rename(".", "x"), EBUSY);
  CHECK_EQ(rename("b", "d/b"), 0);
  CHECK_EQ(mkdir("e", 0755), 0);
  CHECK_ERRNO(rename("e", "d"), ENOTEMPTY);
  CHECK_EQ(rename("d", "e"), 0);
  CHECK_EQ(inode_of("e/b"), a);
  CHECK_ERRNO(access("d", F_OK), ENOENT);

  CHECK_EQ(mkdir("other", 0755), 0);
  CHECK_EQ(links_of("other"), 2);
  CHECK_EQ(rename("e", "other/e"), 0);
  CHECK_EQ(links_of("other"), 3);
  struct stat parent, up;
  CHECK_EQ(stat("other", &parent) | stat("other/e/..", &up), 0);
  CHECK_EQ(parent.st_ino, up.st_ino);
  CHECK_ERRNO(rename("other", "other/e/deep"), EINVAL);
}

static void rename_flags(void) {
  write_file("one", "1", 1);
  write_file("two", "22", 2);
  ino_t one = inode_of("one"), two = inode_of("two");
  CHECK_ERRNO(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE), EEXIST);
  CHECK_EQ(renameat2(AT_FDCWD, "one", AT_FDCWD, "three", RENAME_NOREPLACE), 0);
  CHECK_EQ(renameat2(AT_FDCWD, "three", AT_FDCWD, "two", RENAME_EXCHANGE), 0);
  CHECK_EQ(inode_of("two"), one);
  CHECK_EQ(inode_of("three"), two);
  CHECK_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "none", RENAME_EXCHANGE), ENOENT);
  CHECK_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "three", RENAME_EXCHANGE | RENAME_NOREPLACE),
              EINVAL);
  CHECK_ERRNO(renameat2(AT_FDCWD, "two", AT_FDCWD, "three", 0x80), EINVAL);
  CHECK_EQ(mkdir("box", 0755), 0);
  CHECK_EQ(mkdir("box/sub", 0755), 0);
  CHECK_EQ(renameat2(AT_FDCWD, "box/sub", AT_FDCWD, "two", RENAME_EXCHANGE), 0);
  CHECK_EQ(inode_of("box/sub"), one);
  CHECK_EQ(links_of("box"), 2);
  CHECK_EQ(links_of("two"), 2);
  CHECK_ERRNO(renameat2(AT_FDCWD, "box", AT_FDCWD, "box/sub", RENAME_EXCHANGE), EINVAL);
  CHECK_EQ(renameat(AT_FDCWD, "three", AT_FDCWD, "box/three"), 0);
  CHECK_EQ(links_of("box/three"), 1);
}

static void hard_links(void) {
  write_file("h1", "x", 1);
  CHECK_EQ(link("h1", "h2"), 0);
  CHECK_EQ(links_of("h1"), 2);
  CHECK_EQ(inode_of("h1"), inode_of("h2"));
  CHECK_ERRNO(link("h1", "h2"), EEXIST);
  CHECK_ERRNO(link("absent", "h3"), ENOENT);
  CHECK_ERRNO(link("box", "h3"), EPERM);
  CHECK_ERRNO(link("h1", "absent/h3"), ENOENT);
  CHECK_EQ(symlink("h1", "sym"), 0);
  CHECK_EQ(link("sym", "sym2"), 0); /* link(2) does not follow */
  CHECK_EQ(inode_of("sym"), inode_of("sym2"));
  CHECK_EQ(linkat(AT_FDCWD, "sym", AT_FDCWD, "h3", AT_SYMLINK_FOLLOW), 0);
  CHECK_EQ(inode_of("h3"), inode_of("h1"));
  CHECK_EQ(links_of("h1"), 3);
  CHECK_ERRNO(linkat(AT_FDCWD, "h1", AT_FDCWD, "h4", 0x80), EINVAL);
  CHECK_EQ(unlink("h1"), 0);
  CHECK_EQ(links_of("h2"), 2);
  int fd = (int)CHECK_OK(open("h2", O_RDONLY));
  CHECK_EQ(unlink("h2") | unlink("h3"), 0);
  struct stat st;
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK_EQ(st.st_nlink, 0);
  close(fd);
}

static void symbolic_links(void) {
  char buffer[64];
  CHECK_EQ(symlink("somewhere/else", "s"), 0);
  CHECK_EQ(readlink("s", buffer, sizeof buffer), 14);
  CHECK(!memcmp(buffer, "somewhere/else", 14));
  CHECK_EQ(readlink("s", buffer, 4), 4);
  CHECK_ERRNO(RAW(readlink, "s", buffer, 0L), EINVAL);
  CHECK_ERRNO(RAW(readlink, "s", buffer, -1L), EINVAL);
  CHECK_ERRNO(RAW(readlink, "s", NULL, 10L), EFAULT);
  CHECK_ERRNO(readlink("box", buffer, sizeof buffer), EINVAL);
  CHECK_ERRNO(readlink("absent", buffer, sizeof buffer), ENOENT);
  CHECK_ERRNO(symlink("x", "s"), EEXIST);
  CHECK_ERRNO(symlink("", "empty"), ENOENT);
  CHECK_ERRNO(symlink("x", "absent/s"), ENOENT);
  struct stat st;
  CHECK_EQ(lstat("s", &st), 0);
  CHECK_EQ(st.st_mode, S_IFLNK | 0777);
  CHECK_EQ(st.st_size, 14);
  CHECK_ERRNO(stat("s", &st), ENOENT);

  CHECK_EQ(symlink("loop2", "loop1") | symlink("loop1", "loop2"), 0);
  CHECK_ERRNO(open("loop1", O_RDONLY), ELOOP);
  CHECK_ERRNO(stat("loop1/x", &st), ELOOP);
  CHECK_EQ(lstat("loop1", &st), 0);
  CHECK_ERRNO(chdir("loop1"), ELOOP);
  CHECK_EQ(symlink("self", "self"), 0);
  CHECK_ERRNO(access("self", F_OK), ELOOP);

  CHECK_EQ(mkdir("chain", 0755), 0); /* 40 links are followed, the 41st is not: path_resolution(7) */
  touch("chain/0");
  char from[32], to[32];
  for (int i = 1; i <= 41; i++) {
    snprintf(to, sizeof to, "%d", i - 1);
    snprintf(from, sizeof from, "chain/%d", i);
    if (symlink(to, from)) CHECK_OK(-1);
  }
  CHECK_EQ(stat("chain/40", &st), 0);
  CHECK_ERRNO(stat("chain/41", &st), ELOOP);

  CHECK_EQ(symlink("box", "to-box"), 0);
  CHECK_EQ(stat("to-box/sub", &st), 0);
  CHECK_EQ(lstat("to-box/", &st), 0);
  CHECK(S_ISDIR(st.st_mode));
  CHECK_ERRNO(rmdir("to-box"), ENOTDIR);
  CHECK_ERRNO(rmdir("to-box/"), ENOTDIR);
  CHECK_ERRNO(mkdir("to-box", 0755), EEXIST);
  CHECK_ERRNO(open("to-box", O_RDONLY | O_DIRECTORY | O_NOFOLLOW), ENOTDIR);
  CHECK_EQ(stat("to-box/../box/./sub", &st), 0);
  CHECK_EQ(unlink("to-box"), 0);
  CHECK_EQ(access("box", F_OK), 0);
}

static void long_names(void) {
  static char name[5000];
  memset(name, 'n', sizeof name);
  name[255] = 0;
  int fd = (int)CHECK_OK(open(name, O_CREAT | O_WRONLY, 0644));
  close(fd);
  CHECK_EQ(unlink(name), 0);
  name[255] = 'n';
  name[256] = 0;
  CHECK_ERRNO(open(name, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);
  CHECK_ERRNO(mkdir(name, 0755), ENAMETOOLONG);
  struct stat st;
  CHECK_ERRNO(stat(name, &st), ENAMETOOLONG);
  for (size_t i = 0; i < sizeof name; i += 2) memcpy(name + i, "./", 2);
  name[4095] = 0; /* with the terminator exactly PATH_MAX */
  CHECK_EQ(stat(name, &st), 0);
  name[4095] = '/';
  name[4096] = 0;
  CHECK_ERRNO(stat(name, &st), ENAMETOOLONG);
  CHECK_ERRNO(symlink(name, "long-target"), ENAMETOOLONG);
}

/* Reads a directory through getdents64 with this buffer size; counts entries and checks each. */
static int list(int fd, size_t size, unsigned char seen[100], int *dots) {
  char buffer[4096];
  int entries = 0;
  for (long n; (n = RAW(getdents64, fd, buffer, size)) > 0;) {
    for (long at = 0; at < n;) {
      struct linux_dirent64 *entry = (void *)(buffer + at);
      if (entry->length % 8 || entry->length < 24 || at + entry->length > n) return -1;
      at += entry->length;
      entries++;
      int number;
      if (!strcmp(entry->name, ".") || !strcmp(entry->name, "..")) {
        *dots += entry->type == DT_DIR;
      } else if (sscanf(entry->name, "entry%d", &number) == 1 && number >= 0 && number < 100) {
        unsigned char type = number % 3 == 0 ? DT_DIR : number % 3 == 1 ? DT_REG : DT_LNK;
        seen[number] += entry->type == type && entry->inode != 0;
      }
    }
  }
  return entries;
}

static void listing(void) {
  CHECK_EQ(mkdir("list", 0755), 0);
  char path[32];
  for (int i = 0; i < 100; i++) {
    snprintf(path, sizeof path, "list/entry%d", i);
    if (i % 3 == 0 ? mkdir(path, 0755) : i % 3 == 1 ? mknod(path, S_IFREG | 0644, 0)
                                                    : symlink("x", path))
      CHECK_OK(-1);
  }
  int fd = (int)CHECK_OK(open("list", O_RDONLY | O_DIRECTORY));
  size_t sizes[] = {4096, 100, 48};
  for (int round = 0; round < 3; round++) {
    unsigned char seen[100] = {0};
    int dots = 0, once = 0;
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    CHECK_EQ(list(fd, sizes[round], seen, &dots), 102);
    for (int i = 0; i < 100; i++) once += seen[i] == 1;
    CHECK_EQ(once, 100);
    CHECK_EQ(dots, 2);
  }
  CHECK_EQ(links_of("list"), 2 + 34);
  char buffer[256];
  CHECK_EQ(RAW(getdents64, fd, buffer, 256L), 0);
  CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
  CHECK_ERRNO(RAW(getdents64, fd, buffer, 8L), EINVAL);
  CHECK_ERRNO(RAW(getdents64, fd, NULL, 4096L), EFAULT);
  CHECK_ERRNO(RAW(getdents64, -1, buffer, 256L), EBADF);
  int file = (int)CHECK_OK(open("list/entry1", O_RDONLY));
  CHECK_ERRNO(RAW(getdents64, file, buffer, 256L), ENOTDIR);
  close(file);

  DIR *directory = fdopendir(fd);
  CHECK(directory != NULL);
  rewinddir(directory);
  for (int i = 0; i < 50; i++) readdir(directory);
  long middle = telldir(directory);
  struct dirent *entry = readdir(directory);
  CHECK(entry != NULL);
  char name[256];
  snprintf(name, sizeof name, "%s", entry->d_name);
  while (readdir(directory)) continue;
  seekdir(directory, middle);
  entry = readdir(directory);
  CHECK(entry && !strcmp(entry->d_name, name));

  /* Removing while listing: nothing is seen twice, nothing of the rest is left out. */
  rewinddir(directory);
  int removed = 0;
  while ((entry = readdir(directory)))
    if (strncmp(entry->d_name, "entry", 5) == 0)
      removed += unlinkat(fd, entry->d_name, entry->d_type == DT_DIR ? AT_REMOVEDIR : 0) == 0;
  CHECK_EQ(removed, 100);
  CHECK_EQ(rmdir("list"), 0);
  rewinddir(directory);
  CHECK_EQ(links_of("list"), -1);
  CHECK(readdir(directory) == NULL); /* a removed directory is empty, without . and .. */
  CHECK_ERRNO(openat(fd, "new", O_CREAT | O_WRONLY, 0644), ENOENT);
  CHECK_ERRNO(mkdirat(fd, "new", 0755), ENOENT);
  closedir(directory);
}

static void working_directory(void) {
  char start[PATH_MAX], here[PATH_MAX];
  CHECK(getcwd(start, sizeof start) != NULL);
  CHECK(start[0] == '/');
  size_t length = strlen(start);
  CHECK_EQ(RAW(getcwd, here, sizeof here), length + 1);
  CHECK_ERRNO(RAW(getcwd, here, length), ERANGE);
  CHECK_ERRNO(RAW(getcwd, NULL, 4096L), EFAULT);
  CHECK_EQ(mkdir("cwd", 0755), 0);
  int origin = (int)CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
  CHECK_EQ(chdir("cwd"), 0);
  CHECK(getcwd(here, sizeof here) && !strncmp(here, start, length) && !strcmp(here + length, "/cwd"));
  CHECK_EQ(renameat(origin, "cwd", origin, "moved"), 0);
  CHECK(getcwd(here, sizeof here) && !strcmp(here + length, "/moved"));
  touch("inside");
  CHECK_EQ(access("../moved/inside", F_OK), 0);
  CHECK_EQ(unlink("inside"), 0);
  CHECK_EQ(unlinkat(origin, "moved", AT_REMOVEDIR), 0);
  CHECK_ERRNO(RAW(getcwd, here, sizeof here), ENOENT);
  CHECK_ERRNO(open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
  CHECK_ERRNO(mkdir("x", 0755), ENOENT);
  struct stat st;
  CHECK_EQ(stat(".", &st), 0);
  CHECK_EQ(st.st_nlink, 0);
  CHECK_EQ(fchdir(origin), 0);
  CHECK(getcwd(here, sizeof here) && !strcmp(here, start));
  touch("file");
  CHECK_ERRNO(chdir("file"), ENOTDIR);
  CHECK_ERRNO(chdir("absent"), ENOENT);
  CHECK_ERRNO(chdir(""), ENOENT);
  CHECK_ERRNO(fchdir(-1), EBADF);
  int file = (int)CHECK_OK(open("file", O_RDONLY));
  CHECK_ERRNO(fchdir(file), ENOTDIR);
  CHECK_ERRNO(openat(file, "x", O_RDONLY), ENOTDIR);
  CHECK_ERRNO(mkdirat(file, "x", 0755), ENOTDIR);
  close(file);
  CHECK_EQ(mkdirat(origin, "rel", 0755), 0);
  CHECK_EQ(chdir("/"), 0);
  CHECK(getcwd(here, sizeof here) && !strcmp(here, "/"));
  CHECK_EQ(stat("..", &st), 0);
  ino_t up = st.st_ino;
  CHECK_EQ(stat("/../../..", &st), 0);
  CHECK_EQ(st.st_ino, up);
  CHECK_EQ(faccessat(origin, "rel", X_OK, 0), 0);
  CHECK_EQ(symlinkat("file", origin, "rel/to"), 0);
  CHECK_EQ(linkat(origin, "file", origin, "rel/file", 0), 0);
  CHECK_EQ(readlinkat(origin, "rel/to", here, sizeof here), 4);
  CHECK_EQ(fchdir(origin), 0);
  CHECK_EQ(stat("rel/to", &st), 0);
  CHECK_EQ(st.st_nlink, 2);
  CHECK_ERRNO(stat("file/", &st), ENOTDIR);
  CHECK_ERRNO(stat("file/.", &st), ENOTDIR);
  CHECK_ERRNO(stat("file/..", &st), ENOTDIR);
  CHECK_ERRNO(stat("absent/..", &st), ENOENT);
  CHECK_EQ(stat("rel//.././/rel///", &st), 0);
  close(origin);
}

/* In a sticky directory only the owner of the file or the directory removes: unlink(2). */
static void sticky(void) {
  if (geteuid() != 0) {
    check_skip("sticky directories: needs a superuser to make another's file");
    return;
  }
  CHECK_EQ(mkdir("sticky", 0777) | chmod("sticky", 01777), 0);
  struct stat st;
  CHECK_EQ(stat("sticky", &st), 0);
  CHECK_EQ(st.st_mode, S_IFDIR | 01777);
  touch("sticky/roots");
  int mine = open("sticky/mine", O_CREAT | O_WRONLY, 0600);
  CHECK_EQ(fchown(mine, 65534, 65534), 0);
  close(mine);
  CHECK_EQ(mkdir("closed", 0700), 0);
  if (setresuid(-1, 65534, -1)) {
    CHECK_EQ(errno, ENOSYS);
    check_skip("sticky directories: no setresuid");
    return;
  }
  CHECK_ERRNO(unlink("sticky/roots"), EPERM);
  CHECK_ERRNO(rename("sticky/roots", "sticky/x"), EPERM);
  CHECK_ERRNO(rename("sticky/mine", "sticky/roots"), EPERM);
  CHECK_EQ(rename("sticky/mine", "sticky/still-mine"), 0);
  CHECK_EQ(unlink("sticky/still-mine"), 0);
  CHECK_ERRNO(access("closed/x", F_OK), ENOENT); /* access(2) asks for the real id, still root */
  CHECK_ERRNO(open("closed", O_RDONLY), EACCES);
  CHECK_ERRNO(stat("closed/x", &st), EACCES);
  CHECK_ERRNO(mkdir("new", 0755), EACCES);
  CHECK_ERRNO(rmdir("closed"), EACCES);
  CHECK_EQ(setresuid(-1, 0, -1), 0);
}

int main(int argc, char **argv) {
  check_start("dirs", argc, argv);
  make_and_remove();
  rename_files();
  rename_flags();
  hard_links();
  symbolic_links();
  long_names();
  listing();
  working_directory();
  sticky();
  return check_report();
}
