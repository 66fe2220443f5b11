package org.biscotti.kernel.abi;

/** Families, types, options and flags of sockets ({@code asm/socket.h}, {@code sys/socket.h}). */
public final class Socket {
  public static final int AF_UNSPEC = 0;
  public static final int AF_UNIX = 1;

  public static final int SOCK_STREAM = 1;
  public static final int SOCK_DGRAM = 2;
  public static final int SOCK_RAW = 3;
  public static final int SOCK_SEQPACKET = 5;
  public static final int SOCK_TYPE_MASK = 15;
  public static final int SOCK_TYPES = 11;
  public static final int SOCK_NONBLOCK = Fcntl.O_NONBLOCK;
  public static final int SOCK_CLOEXEC = Fcntl.O_CLOEXEC;

  public static final int SHUT_RD = 0;
  public static final int SHUT_WR = 1;
  public static final int SHUT_RDWR = 2;

  public static final int SOL_SOCKET = 1;
  public static final int SO_REUSEADDR = 2;
  public static final int SO_TYPE = 3;
  public static final int SO_ERROR = 4;
  public static final int SO_DONTROUTE = 5;
  public static final int SO_BROADCAST = 6;
  public static final int SO_SNDBUF = 7;
  public static final int SO_RCVBUF = 8;
  public static final int SO_KEEPALIVE = 9;
  public static final int SO_OOBINLINE = 10;
  public static final int SO_PRIORITY = 12;
  public static final int SO_LINGER = 13;
  public static final int SO_PASSCRED = 16;
  public static final int SO_PEERCRED = 17;
  public static final int SO_RCVLOWAT = 18;
  public static final int SO_SNDLOWAT = 19;
  public static final int SO_RCVTIMEO = 20;
  public static final int SO_SNDTIMEO = 21;
  public static final int SO_ACCEPTCONN = 30;
  public static final int SO_SNDBUFFORCE = 32;
  public static final int SO_RCVBUFFORCE = 33;
  public static final int SO_PROTOCOL = 38;
  public static final int SO_DOMAIN = 39;

  public static final int SCM_RIGHTS = 1;
  public static final int SCM_CREDENTIALS = 2;

  /** Most descriptors in one message (SCM_MAX_FD). */
  public static final int SCM_RIGHTS_MAX = 253;

  public static final int MSG_OOB = 0x01;
  public static final int MSG_PEEK = 0x02;
  public static final int MSG_CTRUNC = 0x08;
  public static final int MSG_TRUNC = 0x20;
  public static final int MSG_DONTWAIT = 0x40;
  public static final int MSG_EOR = 0x80;
  public static final int MSG_WAITALL = 0x100;
  public static final int MSG_NOSIGNAL = 0x4000;
  public static final int MSG_WAITFORONE = 0x10000;
  public static final int MSG_CMSG_CLOEXEC = 0x40000000;

  /** {@code sizeof(struct sockaddr_un)} and its path, in bytes. */
  public static final int SOCKADDR_UN_SIZE = 110;

  public static final int SUN_PATH = 2;
  public static final int SUN_PATH_SIZE = 108;

  /** {@code struct msghdr}, and {@code struct mmsghdr} that it begins. */
  public static final int MSG_NAME = 0;

  public static final int MSG_NAMELEN = 8;
  public static final int MSG_IOV = 16;
  public static final int MSG_IOVLEN = 24;
  public static final int MSG_CONTROL = 32;
  public static final int MSG_CONTROLLEN = 40;
  public static final int MSG_FLAGS = 48;
  public static final int MMSG_LEN = 56;
  public static final int MMSGHDR_SIZE = 64;

  /** {@code struct cmsghdr}: length, level, type; then data. */
  public static final int CMSG_HEADER = 16;

  /** {@code struct ucred}: pid, uid, gid. */
  public static final int UCRED_SIZE = 12;

  private Socket() {}
}
