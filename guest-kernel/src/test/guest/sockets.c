/*
 * Sockets of the local family: streams, datagrams, sequenced packets, names, connections, options,
 * descriptors and identities in messages, readiness, waiting, errors.
 */
#include "waits.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static volatile int broken;
static char block[1 << 20];

static void on_pipe(int signal) {
  (void)signal;
  broken++;
}

static int events_of(int fd) { return ready_of(fd, POLLIN | POLLOUT | POLLRDHUP); }

static socklen_t name_of(struct sockaddr_un *address, const char *name, int abstract) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  strcpy(address->sun_path + abstract, name);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1);
}

static int option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

static void test_making(void) {
  int s[2];
  CHECK_ERRNO(socket(AF_UNIX, 7, 0), ESOCKTNOSUPPORT);
  CHECK_ERRNO(socket(AF_UNIX, 15, 0), EINVAL);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0), EINVAL);
  CHECK_ERRNO(socket(AF_UNIX, SOCK_STREAM, 7), EPROTONOSUPPORT);
  CHECK_ERRNO(socket(77, SOCK_STREAM, 0), EAFNOSUPPORT);
  CHECK_ERRNO(RAW(socketpair, AF_UNIX, SOCK_STREAM, 0, NULL), EFAULT);
  int fd = (int)CHECK_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
  struct stat st;
  CHECK_EQ(fstat(fd, &st), 0);
  CHECK(S_ISSOCK(st.st_mode));
  char link[64], text[64] = "", wanted[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  CHECK(readlink(link, text, sizeof text - 1) > 0);
  snprintf(wanted, sizeof wanted, "socket:[%lu]", (unsigned long)st.st_ino);
  CHECK(!strcmp(text, wanted));
  CHECK_ERRNO(open(link, O_RDWR), ENXIO);
  CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
  CHECK_EQ(option(fd, SO_TYPE), SOCK_STREAM);
  CHECK_EQ(option(fd, SO_DOMAIN), AF_UNIX);
  CHECK_EQ(option(fd, SO_PROTOCOL), 0);
  CHECK_EQ(option(fd, SO_ERROR), 0);
  CHECK_EQ(option(fd, SO_ACCEPTCONN), 0);
  CHECK_EQ(events_of(fd), POLLOUT | POLLHUP);
  CHECK_ERRNO(read(fd, text, 1), EINVAL);
  CHECK_ERRNO(write(fd, text, 1), ENOTCONN);
  CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
  CHECK_ERRNO(listen(fd, 5), EINVAL);
  close(fd);
  CHECK_ERRNO(listen(0, 5), ENOTSOCK);
  CHECK_ERRNO(listen(999, 5), EBADF);
  int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
  for (int i = 0; i < 4; i++) {
    CHECK_EQ(socketpair(AF_UNIX, types[i], 0, s), 0);
    CHECK_EQ(option(s[0], SO_TYPE), types[i] == SOCK_RAW ? SOCK_DGRAM : types[i]);
    CHECK_EQ(events_of(s[0]), POLLOUT);
    CHECK_EQ(write(s[0], "ab", 2), 2);
    CHECK_EQ(events_of(s[1]), POLLIN | POLLOUT);
    CHECK_EQ(read(s[1], text, 9), 2);
    CHECK_EQ(write(s[1], "c", 1), 1);
    CHECK_EQ(read(s[0], text, 9), 1);
    CHECK_ERRNO(connect(s[0], (struct sockaddr *)text, 1), EINVAL);
    close(s[0]), close(s[1]);
  }
}

/* What /proc/net/unix says of a socket, in flags, type and state; -1 if it is not there. */
static int listed(int fd, unsigned *flags, unsigned *type, unsigned *state, char *path) {
  struct stat st;
  char line[256];
  FILE *list = fopen("/proc/net/unix", "re");
  int found = -1;
  if (!list || fstat(fd, &st)) return -1;
  while (found && fgets(line, sizeof line, list)) {
    unsigned long inode;
    path[0] = 0;
    int fields = sscanf(line, "%*[0-9a-f]: %*x %*x %x %x %x %lu %199s", flags, type, state,
                        &inode, path);
    if (fields >= 4 && inode == st.st_ino) found = 0;
  }
  fclose(list);
  return found;
}

static void test_list(void) {
  unsigned flags, type, state;
  char path[200];
  struct sockaddr_un address;
  int server = (int)CHECK_OK(socket(AF_UNIX, SOCK_SEQPACKET, 0)), s[2];
  CHECK_EQ(listed(server, &flags, &type, &state, path), 0);
  CHECK_EQ(flags, 0);
  CHECK_EQ(type, SOCK_SEQPACKET);
  CHECK_EQ(state, 1);
  CHECK(!strcmp(path, ""));
  CHECK_EQ(bind(server, (struct sockaddr *)&address, name_of(&address, "listed", 0)), 0);
  CHECK_EQ(listen(server, 1), 0);
  CHECK_EQ(listed(server, &flags, &type, &state, path), 0);
  CHECK_EQ(flags, 1 << 16);
  CHECK_EQ(state, 1);
  CHECK(!strcmp(path, "listed"));
  int lost = dup(server);
  close(server);
  CHECK_EQ(listed(lost, &flags, &type, &state, path), 0);
  close(lost);
  unlink("listed");
  CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
  CHECK_EQ(listed(s[1], &flags, &type, &state, path), 0);
  CHECK_EQ(type, SOCK_DGRAM);
  CHECK_EQ(state, 3);
  CHECK_EQ(bind(s[0], (struct sockaddr *)&address, name_of(&address, "hidden", 1)), 0);
  CHECK_EQ(listed(s[0], &flags, &type, &state, path), 0);
  CHECK(!strcmp(path, "@hidden"));
  close(s[0]), close(s[1]);
}

static void test_stream(void) {
  int s[2], n;
  char text[64];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_EQ(write(s[0], "hello ", 6), 6);
  CHECK_EQ(write(s[0], "world", 5), 5);
  CHECK_EQ(ioctl(s[1], FIONREAD, &n), 0);
  CHECK_EQ(n, 11);
  CHECK_EQ(recv(s[1], text, 8, MSG_PEEK), 8);
  CHECK_EQ(recv(s[1], text, 3, 0), 3);
  CHECK_EQ(read(s[1], text + 3, 50), 8);
  CHECK(!memcmp(text, "hello world", 11));
  CHECK_ERRNO(recv(s[1], text, 9, MSG_DONTWAIT), EAGAIN);
  CHECK_EQ(read(s[1], text, 0), 0);
  CHECK_ERRNO(sendto(s[0], "x", 1, 0, (struct sockaddr *)text, 10), EISCONN);
  struct iovec out[] = {{"ab", 2}, {"cde", 3}};
  CHECK_EQ(writev(s[0], out, 2), 5);
  CHECK_EQ(recv(s[1], text, 5, MSG_WAITALL), 5);
  CHECK(!memcmp(text, "abcde", 5));
  CHECK_ERRNO(RAW(write, s[0], NULL, 1L), EFAULT);
  CHECK_EQ(write(s[0], "z", 1), 1);
  CHECK_ERRNO(RAW(read, s[1], NULL, 1L), EFAULT);
  CHECK_EQ(read(s[1], text, 9), 1);
  /* full, and emptied again */
  long put = 0, got = 0, part;
  unsigned wrong = 0;
  for (int i = 0; i < (int)sizeof block; i++) block[i] = (char)(i * 13 + (i >> 8));
  while ((part = send(s[0], block + put, sizeof block - (size_t)put, MSG_DONTWAIT)) > 0) put += part;
  CHECK_EQ(errno, EAGAIN);
  CHECK(put >= 65536 && put < (long)sizeof block);
  CHECK_EQ(events_of(s[0]), 0);
  static char back[1 << 16];
  while ((part = recv(s[1], back, 1 + (size_t)got % 60000, MSG_DONTWAIT)) > 0) {
    for (long i = 0; i < part; i++) wrong += back[i] != block[got + i];
    got += part;
  }
  CHECK_EQ(got, put);
  CHECK_EQ(wrong, 0);
  CHECK_EQ(events_of(s[0]), POLLOUT);
  close(s[0]), close(s[1]);
}

static void test_closing(void) {
  int s[2];
  char text[16];
  handle(SIGPIPE, on_pipe, 0);
  broken = 0;
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_EQ(write(s[0], "last", 4), 4);
  close(s[0]);
  CHECK_EQ(events_of(s[1]), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
  CHECK_EQ(read(s[1], text, 9), 4);
  CHECK_EQ(read(s[1], text, 9), 0);
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(broken, 0);
  CHECK_ERRNO(write(s[1], "x", 1), EPIPE);
  CHECK_EQ(broken, 1);
  close(s[1]);
  /* what the other had not read is an error, once */
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_EQ(write(s[0], "lost", 4), 4);
  close(s[1]);
  CHECK_EQ(events_of(s[0]) & POLLERR, POLLERR);
  CHECK_ERRNO(read(s[0], text, 9), ECONNRESET);
  CHECK_EQ(read(s[0], text, 9), 0);
  close(s[0]);
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_EQ(write(s[0], "lost", 4), 4);
  close(s[1]);
  CHECK_EQ(option(s[0], SO_ERROR), ECONNRESET);
  CHECK_EQ(option(s[0], SO_ERROR), 0);
  close(s[0]);
  /* halves */
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK_ERRNO(shutdown(s[0], 3), EINVAL);
  CHECK_EQ(write(s[0], "end", 3), 3);
  CHECK_EQ(shutdown(s[0], SHUT_WR), 0);
  CHECK_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(events_of(s[1]), POLLIN | POLLOUT | POLLRDHUP);
  CHECK_EQ(read(s[1], text, 9), 3);
  CHECK_EQ(read(s[1], text, 9), 0);
  CHECK_EQ(write(s[1], "back", 4), 4);
  CHECK_EQ(read(s[0], text, 9), 4);
  CHECK_EQ(shutdown(s[0], SHUT_RD), 0);
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  CHECK_EQ(read(s[0], text, 9), 0);
  CHECK_EQ(events_of(s[0]) & POLLHUP, POLLHUP);
  close(s[0]), close(s[1]);
}

static void test_connecting(int type) {
  struct sockaddr_un address, got;
  char text[16];
  int server = (int)CHECK_OK(socket(AF_UNIX, type, 0));
  socklen_t length = name_of(&address, "listener", 0), n;
  struct sockaddr *to = (struct sockaddr *)&address;
  int client = (int)CHECK_OK(socket(AF_UNIX, type, 0));
  CHECK_ERRNO(connect(client, to, length), ENOENT);
  CHECK_ERRNO(bind(server, to, 1), EINVAL);
  CHECK_ERRNO(bind(server, to, 111), EINVAL);
  CHECK_ERRNO(RAW(bind, server, NULL, 20), EFAULT);
  CHECK_EQ(bind(server, to, length), 0);
  struct sockaddr_un fresh;
  socklen_t fresh_length = name_of(&fresh, "another", 0);
  CHECK_ERRNO(bind(server, (struct sockaddr *)&fresh, fresh_length), EINVAL);
  struct stat st;
  CHECK_EQ(stat("listener", &st), 0);
  CHECK(S_ISSOCK(st.st_mode));
  CHECK_EQ(st.st_mode & 0777, 0755);
  CHECK_ERRNO(open("listener", O_RDWR), ENXIO);
  CHECK_ERRNO(bind(client, to, length), EADDRINUSE);
  CHECK_ERRNO(connect(client, to, length), ECONNREFUSED);
  CHECK_EQ(listen(server, 0), 0);
  CHECK_EQ(option(server, SO_ACCEPTCONN), 1);
  CHECK_EQ(events_of(server), 0);
  n = sizeof got;
  CHECK_EQ(getsockname(server, (struct sockaddr *)&got, &n), 0);
  CHECK_EQ(n, length);
  CHECK(!strcmp(got.sun_path, "listener"));
  n = sizeof got;
  CHECK_ERRNO(getpeername(client, (struct sockaddr *)&got, &n), ENOTCONN);
  int other = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_ERRNO(connect(other, to, length), EPROTOTYPE);
  close(other);
  CHECK_EQ(connect(client, to, length), 0);
  CHECK_EQ(events_of(server), POLLIN);
  /* one waits; the next would have to */
  int second = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);
  CHECK_ERRNO(connect(second, to, length), EAGAIN);
  CHECK_EQ(write(client, "early", 5), 5);
  n = sizeof got;
  int accepted = (int)CHECK_OK(accept4(server, (struct sockaddr *)&got, &n, SOCK_CLOEXEC));
  CHECK_EQ(n, 2);
  CHECK_EQ(got.sun_family, AF_UNIX);
  CHECK_ERRNO(connect(client, to, length), EISCONN);
  CHECK_EQ(fcntl(accepted, F_GETFD), FD_CLOEXEC);
  CHECK_EQ(read(accepted, text, 9), 5);
  n = sizeof got;
  CHECK_EQ(getsockname(accepted, (struct sockaddr *)&got, &n), 0);
  CHECK(!strcmp(got.sun_path, "listener"));
  n = 5; /* too short a buffer is filled, and the whole length told */
  memset(&got, 0, sizeof got);
  CHECK_EQ(getpeername(client, (struct sockaddr *)&got, &n), 0);
  CHECK_EQ(n, length);
  CHECK(!memcmp(got.sun_path, "lis\0", 4));
  CHECK_EQ(write(accepted, "answer", 6), 6);
  CHECK_EQ(read(client, text, 9), 6);
  struct ucred who;
  n = sizeof who;
  CHECK_EQ(getsockopt(client, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
  CHECK_EQ(who.pid, getpid());
  CHECK_EQ(who.uid, geteuid());
  n = sizeof who;
  CHECK_EQ(getsockopt(second, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
  CHECK_EQ(who.pid, 0);
  CHECK_EQ((int)who.uid, -1);
  CHECK_ERRNO(accept4(server, NULL, NULL, 1), EINVAL);
  fcntl(server, F_SETFL, O_NONBLOCK);
  CHECK_ERRNO(accept(server, NULL, NULL), EAGAIN);
  fcntl(server, F_SETFL, 0);
  alarms = 0;
  alarm_in(20000);
  CHECK_ERRNO(accept(server, NULL, NULL), EINTR);
  CHECK_EQ(alarms, 1);
  /* a connection that nobody accepts is reset */
  CHECK_EQ(connect(second, to, length), 0);
  close(server);
  fcntl(second, F_SETFL, 0);
  CHECK_ERRNO(read(second, text, 1), ECONNRESET);
  close(second);
  close(client);
  CHECK_EQ(read(accepted, text, 9), 0);
  close(accepted);
  client = socket(AF_UNIX, type, 0);
  CHECK_ERRNO(connect(client, to, length), ECONNREFUSED);
  close(client);
  CHECK_EQ(unlink("listener"), 0);
}

static void test_names(void) {
  struct sockaddr_un address, got;
  socklen_t length, n;
  int a = socket(AF_UNIX, SOCK_STREAM, 0), b = socket(AF_UNIX, SOCK_STREAM, 0);
  char name[40];
  snprintf(name, sizeof name, "check-sockets-%d", getpid());
  length = name_of(&address, name, 1);
  CHECK_EQ(bind(a, (struct sockaddr *)&address, length), 0);
  CHECK_ERRNO(bind(b, (struct sockaddr *)&address, length), EADDRINUSE);
  CHECK_EQ(listen(a, 5), 0);
  CHECK_EQ(connect(b, (struct sockaddr *)&address, length), 0);
  n = sizeof got;
  CHECK_EQ(getpeername(b, (struct sockaddr *)&got, &n), 0);
  CHECK_EQ(n, length);
  CHECK(!memcmp(got.sun_path, address.sun_path, strlen(name) + 1));
  close(b);
  b = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_ERRNO(connect(b, (struct sockaddr *)&address, length - 1), ECONNREFUSED);
  close(a);
  CHECK_EQ(bind(b, (struct sockaddr *)&address, length), 0);
  close(b);
  a = socket(AF_UNIX, SOCK_DGRAM, 0);
  n = sizeof got;
  CHECK_EQ(getsockname(a, (struct sockaddr *)&got, &n), 0);
  CHECK_EQ(n, 2);
  address.sun_family = AF_UNIX;
  CHECK_EQ(bind(a, (struct sockaddr *)&address, 2), 0);
  n = sizeof got;
  CHECK_EQ(getsockname(a, (struct sockaddr *)&got, &n), 0);
  CHECK_EQ(n, 8);
  CHECK_EQ(got.sun_path[0], 0);
  CHECK_EQ(strspn(got.sun_path + 1, "0123456789abcdef"), 5);
  close(a);
  a = socket(AF_UNIX, SOCK_STREAM, 0);
  address.sun_family = AF_INET;
  CHECK_ERRNO(bind(a, (struct sockaddr *)&address, 20), EINVAL);
  length = name_of(&address, "no/such/place", 0);
  CHECK_ERRNO(bind(a, (struct sockaddr *)&address, length), ENOENT);
  CHECK_EQ(close(open("plain", O_CREAT | O_RDWR, 0600)), 0);
  length = name_of(&address, "plain", 0);
  CHECK_ERRNO(bind(a, (struct sockaddr *)&address, length), EADDRINUSE);
  CHECK_ERRNO(connect(a, (struct sockaddr *)&address, length), ECONNREFUSED);
  close(a);
}

static void test_datagrams(void) {
  struct sockaddr_un one, two, got;
  char text[64];
  int a = socket(AF_UNIX, SOCK_DGRAM, 0), b = socket(AF_UNIX, SOCK_DGRAM, 0), n;
  socklen_t first = name_of(&one, "one", 0), second = name_of(&two, "two", 0), length;
  CHECK_EQ(bind(a, (struct sockaddr *)&one, first), 0);
  CHECK_EQ(bind(b, (struct sockaddr *)&two, second), 0);
  CHECK_ERRNO(listen(a, 1), EOPNOTSUPP);
  CHECK_ERRNO(accept(a, NULL, NULL), EOPNOTSUPP);
  CHECK_ERRNO(send(a, "x", 1, 0), ENOTCONN);
  CHECK_EQ(sendto(a, "first", 5, 0, (struct sockaddr *)&two, second), 5);
  CHECK_EQ(sendto(a, "", 0, 0, (struct sockaddr *)&two, second), 0);
  CHECK_EQ(sendto(a, "third one", 9, 0, (struct sockaddr *)&two, second), 9);
  CHECK_EQ(ioctl(b, FIONREAD, &n), 0);
  CHECK_EQ(n, 5);
  length = sizeof got;
  CHECK_EQ(recvfrom(b, text, 64, MSG_PEEK, (struct sockaddr *)&got, &length), 5);
  CHECK_EQ(length, first);
  CHECK(!strcmp(got.sun_path, "one"));
  CHECK_EQ(recv(b, text, 2, MSG_TRUNC | MSG_PEEK), 5);
  CHECK_EQ(recv(b, text, 64, 0), 5);
  CHECK_EQ(recv(b, text, 64, 0), 0);
  CHECK_EQ(recv(b, text, 5, 0), 5);
  CHECK_ERRNO(recv(b, text, 64, MSG_DONTWAIT), EAGAIN);
  CHECK_ERRNO(sendto(a, "x", 1, 0, (struct sockaddr *)&got, 200), EINVAL);
  got.sun_path[0] = 'q';
  CHECK_ERRNO(sendto(a, "x", 1, 0, (struct sockaddr *)&got, length), ENOENT);
  CHECK_EQ(connect(a, (struct sockaddr *)&two, second), 0);
  CHECK_ERRNO(send(a, block, sizeof block, 0), EMSGSIZE);
  CHECK_EQ(send(a, "now", 3, 0), 3);
  CHECK_EQ(recv(b, text, 64, 0), 3);
  int c = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK_ERRNO(sendto(c, "x", 1, 0, (struct sockaddr *)&one, first), EPERM);
  CHECK_EQ(sendto(c, "anonymous", 9, 0, (struct sockaddr *)&two, second), 9);
  length = sizeof got;
  CHECK_EQ(recvfrom(b, text, 64, 0, (struct sockaddr *)&got, &length), 9);
  CHECK_EQ(length, 0);
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  CHECK_EQ(connect(a, &none, sizeof none), 0);
  CHECK_ERRNO(send(a, "x", 1, 0), ENOTCONN);
  CHECK_EQ(connect(a, (struct sockaddr *)&two, second), 0);
  close(b);
  broken = 0;
  CHECK_ERRNO(send(a, "x", 1, 0), ECONNREFUSED);
  CHECK_ERRNO(send(a, "x", 1, 0), ENOTCONN);
  CHECK_EQ(shutdown(a, SHUT_WR), 0);
  CHECK_ERRNO(sendto(a, "x", 1, 0, (struct sockaddr *)&one, first), EPIPE);
  CHECK_EQ(broken, 0);
  close(a), close(c);
  /* packets keep their edges */
  int s[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
  CHECK_EQ(send(s[0], "abc", 3, 0), 3);
  CHECK_EQ(send(s[0], "defg", 4, 0), 4);
  CHECK_EQ(read(s[1], text, 2), 2);
  CHECK_EQ(read(s[1], text, 64), 4);
  CHECK(!memcmp(text, "defg", 4));
  close(s[0]);
  CHECK_EQ(read(s[1], text, 64), 0);
  CHECK_ERRNO(send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
  close(s[1]);
  /* full */
  CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
  n = 0;
  while (send(s[0], block, 20000, MSG_DONTWAIT) == 20000) n++;
  CHECK_EQ(errno, EAGAIN);
  CHECK(n >= 3);
  CHECK_EQ(events_of(s[0]), 0);
  for (int i = 0; i < n; i++) CHECK_EQ(recv(s[1], block, sizeof block, 0), 20000);
  CHECK_EQ(events_of(s[0]), POLLOUT);
  close(s[0]), close(s[1]);
}

union control {
  char bytes[512];
  struct cmsghdr align;
};

static long send_fds(int to, const char *text, const int *fds, int count) {
  union control control = {0};
  struct iovec iov = {(void *)text, strlen(text)};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
  if (count) {
    m.msg_control = control.bytes;
    m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * (size_t)count);
  }
  return sendmsg(to, &m, 0);
}

static int flags_got;

static long receive_fds(int from, char *text, size_t size, int *fds, int *count, size_t room,
                        int flags) {
  union control control = {0};
  struct iovec iov = {text, size};
  struct msghdr m = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = room};
  long n = recvmsg(from, &m, flags);
  *count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); n >= 0 && c; c = CMSG_NXTHDR(&m, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    *count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
  }
  flags_got = m.msg_flags;
  return n;
}

static void test_descriptors(int type) {
  int s[2], p[2], fds[8], count;
  char text[64];
  CHECK_EQ(socketpair(AF_UNIX, type, 0, s), 0);
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(send_fds(s[0], "with", p, 2), 4);
  close(p[0]), close(p[1]);
  CHECK_EQ(receive_fds(s[1], text, 64, fds, &count, 512, MSG_CMSG_CLOEXEC), 4);
  CHECK_EQ(count, 2);
  CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
  CHECK_EQ(write(fds[1], "through", 7), 7);
  CHECK_EQ(read(fds[0], text, 64), 7);
  close(fds[1]);
  CHECK_EQ(read(fds[0], text, 64), 0);
  close(fds[0]);
  int bad = 999;
  CHECK_ERRNO(send_fds(s[0], "bad", &bad, 1), EBADF);
  /* room for one of two: the other is closed */
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(send_fds(s[0], "cut", p, 2), 3);
  close(p[1]);
  CHECK_EQ(receive_fds(s[1], text, 64, fds, &count, CMSG_LEN(sizeof(int)), 0), 3);
  CHECK_EQ(count, 1);
  CHECK(flags_got & MSG_CTRUNC);
  CHECK_EQ(read(p[0], text, 1), 0);
  close(p[0]), close(fds[0]);
  /* peeked at they are copies; read without control data they are gone */
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(send_fds(s[0], "peek", &p[1], 1), 4);
  close(p[1]);
  CHECK_EQ(receive_fds(s[1], text, 64, fds, &count, 512, MSG_PEEK), 4);
  CHECK_EQ(count, 1);
  CHECK_EQ(write(fds[0], "1", 1), 1);
  close(fds[0]);
  CHECK_EQ(read(p[0], text, 9), 1);
  CHECK_EQ(read(s[1], text, 64), 4);
  CHECK_EQ(read(p[0], text, 9), 0);
  close(p[0]);
  /* a descriptor that cannot be stored is none */
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(send_fds(s[0], "none", &p[1], 1), 4);
  close(p[1]);
  struct iovec iov = {text, 64};
  struct msghdr m = {
      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = (void *)8, .msg_controllen = 512};
  CHECK_EQ(recvmsg(s[1], &m, 0), 4);
  CHECK_EQ(m.msg_controllen, 0);
  CHECK(m.msg_flags & MSG_CTRUNC);
  CHECK_EQ(read(p[0], text, 9), 0);
  close(p[0]);
  /* thrown away with the socket */
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(send_fds(s[0], "lost", &p[1], 1), 4);
  close(p[1]);
  close(s[1]), close(s[0]);
  CHECK_EQ(read(p[0], text, 9), 0);
  close(p[0]);
  if (type == SOCK_STREAM) {
    /* a read does not go beyond a message with descriptors */
    CHECK_EQ(socketpair(AF_UNIX, type, 0, s), 0);
    CHECK_EQ(write(s[0], "plain", 5), 5);
    CHECK_EQ(send_fds(s[0], "files", s, 1), 5);
    CHECK_EQ(write(s[0], "more", 4), 4);
    CHECK_EQ(receive_fds(s[1], text, 64, fds, &count, 512, 0), 10);
    CHECK_EQ(count, 1);
    CHECK_EQ(read(s[1], text, 64), 4);
    close(fds[0]), close(s[0]), close(s[1]);
  }
}

/* A socket in a socket in a socket, a long way down. */
static void test_chain(void) {
  int s[2], next[2], p[2];
  CHECK_EQ(pipe(p), 0);
  CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
  CHECK_EQ(send_fds(s[0], "x", &p[1], 1), 1);
  close(p[1]);
  int failed = 0;
  for (int i = 0; i < 300; i++) {
    failed += socketpair(AF_UNIX, SOCK_DGRAM, 0, next) != 0;
    /* newer kernels refuse to nest so deep */
    if (send_fds(next[0], "x", &s[1], 1) != 1) {
      failed += errno != ETOOMANYREFS;
      close(next[0]), close(next[1]);
      break;
    }
    close(s[0]), close(s[1]);
    s[0] = next[0], s[1] = next[1];
  }
  CHECK_EQ(failed, 0);
  close(s[0]), close(s[1]);
  char c;
  CHECK_EQ(read(p[0], &c, 1), 0);
  close(p[0]);
}

static void test_identity(void) {
  int s[2], on = 1;
  char text[64];
  union control control;
  CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
  CHECK_EQ(option(s[1], SO_PASSCRED), 0);
  CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  CHECK_EQ(option(s[1], SO_PASSCRED), 1);
  CHECK_EQ(write(s[0], "me", 2), 2);
  struct iovec iov = {text, sizeof text};
  struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes,
                     .msg_controllen = sizeof control};
  CHECK_EQ(recvmsg(s[1], &m, 0), 2);
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  CHECK(c && c->cmsg_type == SCM_CREDENTIALS);
  struct ucred who = {0};
  if (c) memcpy(&who, CMSG_DATA(c), sizeof who);
  CHECK_EQ(who.pid, getpid());
  CHECK_EQ(who.uid, getuid());
  CHECK_EQ(who.gid, getgid());
  struct ucred claim = {getpid(), getuid(), getgid()};
  struct iovec out = {"it", 2};
  struct msghdr o = {.msg_iov = &out, .msg_iovlen = 1, .msg_control = control.bytes,
                     .msg_controllen = CMSG_SPACE(sizeof claim)};
  memset(&control, 0, sizeof control);
  c = CMSG_FIRSTHDR(&o);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_CREDENTIALS;
  c->cmsg_len = CMSG_LEN(sizeof claim);
  memcpy(CMSG_DATA(c), &claim, sizeof claim);
  CHECK_EQ(sendmsg(s[0], &o, 0), 2);
  CHECK_EQ(read(s[1], text, 9), 2);
  if (getuid() != 0) {
    claim.uid = 0;
    memcpy(CMSG_DATA(c), &claim, sizeof claim);
    CHECK_ERRNO(sendmsg(s[0], &o, 0), EPERM);
  }
  c->cmsg_len = 3;
  CHECK_ERRNO(sendmsg(s[0], &o, 0), EINVAL);
  c->cmsg_len = CMSG_LEN(sizeof claim);
  c->cmsg_type = 77;
  CHECK_ERRNO(sendmsg(s[0], &o, 0), EINVAL);
  close(s[0]), close(s[1]);
}

static void test_messages(void) {
  int s[2];
  char a[8] = "", b[8] = "", c[16] = "";
  CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, s), 0);
  struct iovec iov[] = {{"ab", 2}, {"cdef", 4}, {"g", 1}};
  struct mmsghdr m[2] = {{.msg_hdr = {.msg_iov = iov, .msg_iovlen = 2}},
                         {.msg_hdr = {.msg_iov = iov + 2, .msg_iovlen = 1}}};
  CHECK_EQ(sendmmsg(s[0], m, 2, 0), 2);
  CHECK_EQ(m[0].msg_len, 6);
  CHECK_EQ(m[1].msg_len, 1);
  struct iovec in[] = {{a, 4}, {b, 8}, {c, 16}};
  struct mmsghdr r[3] = {{.msg_hdr = {.msg_iov = in, .msg_iovlen = 2}},
                         {.msg_hdr = {.msg_iov = in + 2, .msg_iovlen = 1}},
                         {.msg_hdr = {.msg_iov = in + 2, .msg_iovlen = 1}}};
  CHECK_EQ(recvmmsg(s[1], r, 3, MSG_WAITFORONE, NULL), 2);
  CHECK_EQ(r[0].msg_len, 6);
  CHECK(!memcmp(a, "abcd", 4) && !memcmp(b, "ef", 2));
  CHECK_EQ(r[1].msg_len, 1);
  CHECK_ERRNO(recvmmsg(s[1], r, 3, MSG_DONTWAIT, NULL), EAGAIN);
  CHECK_EQ(write(s[0], "too long for it", 15), 15);
  struct iovec small = {a, 3};
  struct msghdr t = {.msg_iov = &small, .msg_iovlen = 1};
  CHECK_EQ(recvmsg(s[1], &t, 0), 3);
  CHECK(t.msg_flags & MSG_TRUNC);
  CHECK_ERRNO(RAW(sendmsg, s[0], NULL, 0), EFAULT);
  t.msg_iovlen = 2000;
  CHECK_ERRNO(sendmsg(s[0], &t, 0), EMSGSIZE);
  close(s[0]), close(s[1]);
}

static void test_options(void) {
  int s[2], value = 20000;
  socklen_t n = sizeof value;
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  CHECK(option(s[0], SO_SNDBUF) >= 4608);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value), 0);
  CHECK_EQ(option(s[0], SO_SNDBUF), 40000);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &value, sizeof value), 0);
  CHECK_EQ(option(s[0], SO_RCVBUF), 40000);
  value = 1;
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, sizeof value), 0);
  CHECK_EQ(option(s[0], SO_SNDBUF), 4608);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &value, sizeof value), 0);
  CHECK_EQ(option(s[0], SO_REUSEADDR), 1);
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &value, 3), EINVAL);
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, 9999, &value, sizeof value), ENOPROTOOPT);
  CHECK_ERRNO(getsockopt(s[0], SOL_SOCKET, 9999, &value, &n), ENOPROTOOPT);
  CHECK_ERRNO(getsockopt(s[0], 6, 1, &value, &n), EOPNOTSUPP);
  CHECK_ERRNO(setsockopt(s[0], 6, 1, &value, n), EOPNOTSUPP);
  CHECK_ERRNO(RAW(setsockopt, s[0], SOL_SOCKET, SO_PASSCRED, NULL, 4), EFAULT);
  CHECK_ERRNO(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &n), ENOTSOCK);
  struct timeval t = {0, 30000}, bad = {0, 1000000};
  CHECK_ERRNO(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof bad), EDOM);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
  n = sizeof bad;
  CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &bad, &n), 0);
  CHECK_EQ(n, sizeof bad);
  CHECK(bad.tv_sec == 0 && bad.tv_usec >= 30000 && bad.tv_usec <= 50000);
  char c;
  CHECK_ERRNO(read(s[0], &c, 1), EAGAIN);
  CHECK_EQ(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t), 0);
  long sent = write(s[0], block, sizeof block);
  CHECK(sent > 0 && sent < (long)sizeof block);
  CHECK_ERRNO(write(s[0], block, 4096), EAGAIN);
  close(s[0]), close(s[1]);
}

static void test_waiting(void) {
  int s[2];
  char c;
  handle(SIGALRM, on_alarm, 0);
  alarms = 0;
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  alarm_in(20000);
  CHECK_ERRNO(read(s[0], &c, 1), EINTR);
  alarm_in(20000);
  long sent = write(s[0], block, sizeof block);
  CHECK(sent > 0 && sent < (long)sizeof block);
  alarm_in(20000);
  CHECK_ERRNO(write(s[0], block, sizeof block), EINTR);
  CHECK_EQ(alarms, 3);
  close(s[0]), close(s[1]);
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  pid_t child = fork();
  if (child == 0) { /* an echo, through epoll, that ends with the connection */
    close(s[0]);
    int ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET}, got;
    epoll_ctl(ep, EPOLL_CTL_ADD, s[1], &e);
    static char buffer[5000];
    while (epoll_wait(ep, &got, 1, -1) == 1) {
      long n;
      while ((n = recv(s[1], buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
        if (write(s[1], buffer, (size_t)n) != n) _exit(1);
      if (n == 0) _exit(0);
    }
    _exit(2);
  }
  close(s[1]);
  int wrong = 0;
  for (int i = 0; i < 100; i++) {
    size_t length = 1 + (size_t)i * 97 % 5000;
    static char back[5000];
    memset(block, i, length);
    if (write(s[0], block, length) != (long)length) wrong++;
    if (recv(s[0], back, length, MSG_WAITALL) != (long)length) wrong++;
    wrong += memcmp(block, back, length) != 0;
  }
  CHECK_EQ(wrong, 0);
  /* more than fits at once, both ways */
  static char all[1 << 18];
  pid_t writer = fork();
  if (writer == 0) {
    for (size_t i = 0; i < sizeof all; i++) all[i] = (char)(i * 31 >> 3);
    _exit(write(s[0], all, sizeof all) != (long)sizeof all);
  }
  CHECK_EQ(recv(s[0], all, sizeof all, MSG_WAITALL), sizeof all);
  for (size_t i = 0; i < sizeof all; i++) wrong += all[i] != (char)(i * 31 >> 3);
  CHECK_EQ(wrong, 0);
  int status = -1;
  CHECK_EQ(waitpid(writer, &status, 0), writer);
  CHECK_EQ(status, 0);
  close(s[0]);
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
}

/* A server and its client, by name; a descriptor goes from one to the other. */
static void test_processes(void) {
  struct sockaddr_un address;
  socklen_t length = name_of(&address, "server", 0);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK_EQ(bind(server, (struct sockaddr *)&address, length), 0);
  CHECK_EQ(listen(server, 5), 0);
  pid_t child = fork();
  if (child == 0) {
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), p[2];
    if (connect(fd, (struct sockaddr *)&address, length) || pipe(p)) _exit(1);
    if (send_fds(fd, "pipe", &p[1], 1) != 4) _exit(2);
    char text[8];
    if (read(p[0], text, 8) != 5) _exit(3);
    _exit(memcmp(text, "reply", 5) ? 4 : 0);
  }
  int fd = (int)CHECK_OK(accept(server, NULL, NULL)), fds[2], count;
  struct ucred who;
  socklen_t n = sizeof who;
  CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n), 0);
  CHECK_EQ(who.pid, child);
  char text[8];
  CHECK_EQ(receive_fds(fd, text, 8, fds, &count, 512, 0), 4);
  CHECK_EQ(count, 1);
  CHECK_EQ(write(fds[0], "reply", 5), 5);
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  close(fds[0]), close(fd), close(server);
  CHECK_EQ(unlink("server"), 0);
}

int main(int argc, char **argv) {
  check_start("sockets", argc, argv);
  handle(SIGALRM, on_alarm, 0);
  test_making();
  test_list();
  test_stream();
  test_closing();
  test_connecting(SOCK_STREAM);
  test_connecting(SOCK_SEQPACKET);
  test_names();
  test_datagrams();
  test_descriptors(SOCK_STREAM);
  test_descriptors(SOCK_DGRAM);
  test_descriptors(SOCK_SEQPACKET);
  test_chain();
  test_identity();
  test_messages();
  test_options();
  test_waiting();
  test_processes();
  return check_report();
}
