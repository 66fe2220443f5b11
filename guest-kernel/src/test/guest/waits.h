/* What tests of calls that wait share: alarms that interrupt, events of poll, bytes in a queue. */
#ifndef WAITS_H
#define WAITS_H

#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

static volatile int alarms;

static inline void on_alarm(int signal) {
  (void)signal;
  alarms++;
}

static inline void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  CHECK_EQ(sigaction(signal, &action, NULL), 0);
}

/* A time in which a thread comes to wait, in microseconds: longer where the processor is emulated. */
static inline useconds_t long_enough(useconds_t micros) { return check_emulated ? 50 * micros : micros; }

/* Interrupts what waits by then; what comes to wait later is not interrupted. */
static inline void alarm_in(useconds_t micros) {
  micros = long_enough(micros);
  struct itimerval timer = {.it_value = {micros / 1000000, micros % 1000000}};
  CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* The events that are ready of those that are wanted, and errors. */
static inline int ready_of(int fd, short wanted) {
  struct pollfd p = {.fd = fd, .events = wanted};
  return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/* Bytes that can be read. */
static inline int queued(int fd) {
  int bytes = -1;
  return ioctl(fd, FIONREAD, &bytes) ? -1 : bytes;
}

/* The eight bytes of a counter. */
static inline int put(int fd, uint64_t value) { return (int)write(fd, &value, 8); }

static inline int64_t get(int fd) {
  uint64_t value = 0;
  return read(fd, &value, 8) == 8 ? (int64_t)value : -1;
}

#endif
