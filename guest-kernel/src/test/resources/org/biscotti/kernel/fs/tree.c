/*
 * Carries out file operations that it reads from standard input, one a line, and prints for each
 * what came of it: "-errno", or results. The test carries out the same ones in the kernel's own
 * file system and compares line by line. argv[1] is an empty directory on a tmpfs; it becomes the
 * root directory.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *argument[8];

static long number(int i)
{
	return strtol(argument[i], NULL, 0);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void show_status(const struct stat *st)
{
	printf("%o %lu %u %u %lld %lld %s%s\n", st->st_mode, (unsigned long) st->st_nlink, st->st_uid,
	       st->st_gid, (long long) st->st_size, (long long) st->st_blocks,
	       st->st_atime == 1000 ? "a" : "A", st->st_mtime == 1000 ? "m" : "M");
}

static void show(long result)
{
	printf("%ld\n", result < 0 ? (long) -errno : result);
}

static void list(const char *path)
{
	char *names[4096];
	int count = 0;
	DIR *dir = opendir(path);
	if (dir == NULL) {
		show(-1);
		return;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL && count < 4096;) {
		char name[300];
		snprintf(name, sizeof name, "%s:%d", e->d_name, e->d_type);
		names[count++] = strdup(name);
	}
	closedir(dir);
	qsort(names, count, sizeof names[0], by_name);
	for (int i = 0; i < count; i++) {
		printf("%s ", names[i]);
		free(names[i]);
	}
	printf("\n");
}

/* Opens, does one thing with the file, closes. */
static void with_file(const char *what)
{
	static char data[70000];
	int fd = open(argument[1], number(2), number(3));
	long result = fd;
	if (fd >= 0) {
		struct stat st;
		if (strcmp(what, "open") == 0) {
			if (fstat(fd, &st) == 0) {
				show_status(&st);
			}
			close(fd);
			return;
		}
		if (strcmp(what, "write") == 0) {
			memset(data, argument[1][0] | 1, sizeof data);
			result = pwrite(fd, data, number(5), number(4));
		} else if (strcmp(what, "read") == 0) {
			long sum = 0;
			result = pread(fd, data, number(5), number(4));
			for (long i = 0; i < result; i++) {
				sum = (sum * 31 + (unsigned char) data[i]) % 1000003;
			}
			if (result >= 0) {
				printf("%ld ", sum);
			}
		} else if (strcmp(what, "seek") == 0) {
			result = lseek(fd, number(4), number(5));
		} else if (strcmp(what, "ftruncate") == 0) {
			result = ftruncate(fd, number(4));
		} else if (strcmp(what, "fallocate") == 0) {
			result = syscall(SYS_fallocate, fd, number(6), number(4), number(5));
		}
		int saved = errno;
		close(fd);
		errno = saved;
	}
	show(result);
}

static void run(const char *op)
{
	struct stat st;
	char path[5000];
	if (strcmp(op, "mkdir") == 0) {
		show(mkdir(argument[1], number(2)));
	} else if (strcmp(op, "rmdir") == 0) {
		show(rmdir(argument[1]));
	} else if (strcmp(op, "unlink") == 0) {
		show(unlink(argument[1]));
	} else if (strcmp(op, "rename") == 0) {
		show(syscall(SYS_renameat2, AT_FDCWD, argument[1], AT_FDCWD, argument[2], number(3)));
	} else if (strcmp(op, "link") == 0) {
		show(linkat(AT_FDCWD, argument[1], AT_FDCWD, argument[2], number(3)));
	} else if (strcmp(op, "symlink") == 0) {
		show(symlink(argument[1], argument[2]));
	} else if (strcmp(op, "mknod") == 0) {
		show(mknod(argument[1], number(2), 0x103));
	} else if (strcmp(op, "readlink") == 0) {
		long n = readlink(argument[1], path, sizeof path);
		if (n >= 0) {
			printf("%.*s\n", (int) n, path);
		} else {
			show(n);
		}
	} else if (strcmp(op, "stat") == 0 || strcmp(op, "lstat") == 0) {
		if ((op[0] == 's' ? stat(argument[1], &st) : lstat(argument[1], &st)) == 0) {
			show_status(&st);
		} else {
			show(-1);
		}
	} else if (strcmp(op, "chmod") == 0) {
		show(chmod(argument[1], number(2)));
	} else if (strcmp(op, "lchown") == 0) {
		show(lchown(argument[1], number(2), number(3)));
	} else if (strcmp(op, "old") == 0) {
		struct timespec times[2] = {{1000, 0}, {1000, 0}};
		show(utimensat(AT_FDCWD, argument[1], times, AT_SYMLINK_NOFOLLOW));
	} else if (strcmp(op, "touch") == 0) {
		show(utimensat(AT_FDCWD, argument[1], NULL, 0));
	} else if (strcmp(op, "truncate") == 0) {
		show(truncate(argument[1], number(2)));
	} else if (strcmp(op, "access") == 0) {
		show(faccessat(AT_FDCWD, argument[1], number(2), AT_EACCESS));
	} else if (strcmp(op, "list") == 0) {
		list(argument[1]);
	} else if (strcmp(op, "chdir") == 0) {
		show(chdir(argument[1]));
	} else if (strcmp(op, "getcwd") == 0) {
		long n = syscall(SYS_getcwd, path, sizeof path);
		if (n >= 0) {
			printf("%s\n", path);
		} else {
			show(n);
		}
	} else if (strcmp(op, "who") == 0) {
		setfsgid(number(2));
		setfsuid(number(1));
		show(0);
	} else {
		with_file(op);
	}
}

int main(int argc, char **argv)
{
	static char line[20000];
	if (argc != 2 || chroot(argv[1]) != 0 || chdir("/") != 0) {
		return 1;
	}
	umask(022);
	while (fgets(line, sizeof line, stdin) != NULL) {
		int count = 0;
		for (char *p = strtok(line, " \n"); p != NULL && count < 8; p = strtok(NULL, " \n")) {
			argument[count++] = p;
		}
		if (count > 0) {
			run(argument[0]);
		}
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
