/*
 * onterminal COMMAND [ARG...]: runs a command on a terminal of its own. What comes in on standard
 * input is typed there, and what is shown there goes out on standard output. On standard error a
 * first line `process N`, and at the end one that says whether the command has left the terminal's
 * modes as they were: `terminal unchanged` or `terminal changed`. Exits as a shell would: the
 * command's code, or 128 and the signal's number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void fail(const char *what) {
  fprintf(stderr, "onterminal: %s: %s\n", what, strerror(errno));
  exit(125);
}

/* Modes that a new terminal does not have: who sets those of a new one is found out. */
static struct termios own_modes(int terminal) {
  struct termios modes;
  if (tcgetattr(terminal, &modes)) fail("tcgetattr");
  modes.c_iflag |= IUTF8 | IMAXBEL;
  modes.c_lflag &= (tcflag_t)~ECHOKE;
  modes.c_cc[VEOL2] = 0x1e;
  if (tcsetattr(terminal, TCSANOW, &modes)) fail("tcsetattr");
  if (tcgetattr(terminal, &modes)) fail("tcgetattr");
  return modes;
}

static bool same_modes(const struct termios *a, const struct termios *b) {
  return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag
         && a->c_lflag == b->c_lflag && !memcmp(a->c_cc, b->c_cc, sizeof a->c_cc);
}

static pid_t start(int terminal, char **command) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) return child;
  setsid();
  if (ioctl(terminal, TIOCSCTTY, 0)) fail("TIOCSCTTY");
  for (int fd = 0; fd < 3; fd++) dup2(terminal, fd);
  // What was started in a shell's background ignores them, and hands that on.
  signal(SIGINT, SIG_DFL);
  signal(SIGQUIT, SIG_DFL);
  execvp(command[0], command);
  fail(command[0]);
  return -1;
}

/* Moves what there is; false when there will be no more. */
static bool move(int from, int to) {
  char bytes[4096];
  ssize_t n = read(from, bytes, sizeof bytes);
  for (ssize_t done = 0; done < n;) {
    ssize_t some = write(to, bytes + done, (size_t)(n - done));
    if (some < 0) fail("write");
    done += some;
  }
  return n > 0 || (n < 0 && errno == EINTR);
}

/* Until the command has ended and all that it has shown has been moved. */
static int converse(int master, pid_t child) {
  struct pollfd sides[] = {{.fd = master, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
  int status = -1;
  for (bool ended = false;;) {
    int ready = poll(sides, 2, 20);
    if (ready > 0 && sides[0].revents) move(master, 1);
    if (ready > 0 && sides[1].revents && !move(0, master)) sides[1].fd = -1;
    if (ended && !(ready > 0 && sides[0].revents)) return status;
    if (!ended) ended = waitpid(child, &status, WNOHANG) == child;
  }
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: onterminal COMMAND [ARG...]\n");
    return 125;
  }
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) || unlockpt(master)) fail("posix_openpt");
  int terminal = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) fail("TIOCGPTPEER");
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  if (ioctl(master, TIOCSWINSZ, &size)) fail("TIOCSWINSZ");
  struct termios before = own_modes(terminal), after;
  pid_t child = start(terminal, argv + 1);
  fprintf(stderr, "process %d\n", (int)child);
  int status = converse(master, child);
  if (tcgetattr(terminal, &after)) fail("tcgetattr");
  fprintf(stderr, "terminal %s\n", same_modes(&before, &after) ? "unchanged" : "changed");
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
