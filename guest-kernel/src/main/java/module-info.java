/**
 * The type-safe kernel: tasks, memory, files, programs and system calls, and the ports it runs on.
 * It is pure Java, has no native access and knows nothing of KVM.
 */
module org.biscotti.kernel {
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires jdk.jfr;
  requires org.apache.logging.log4j;

  exports org.biscotti.kernel.abi;
  exports org.biscotti.kernel.event;
  exports org.biscotti.kernel.exec;
  exports org.biscotti.kernel.fs.boot;
  exports org.biscotti.kernel.fs.tty;
  exports org.biscotti.kernel.fs.dev;
  exports org.biscotti.kernel.fs.tmpfs;
  exports org.biscotti.kernel.fs;
  exports org.biscotti.kernel.ipc;
  exports org.biscotti.kernel.mem;
  exports org.biscotti.kernel.parallel;
  exports org.biscotti.kernel.port;
  exports org.biscotti.kernel.serve;
  exports org.biscotti.kernel.socket;
  exports org.biscotti.kernel.syscall;
  exports org.biscotti.kernel.task;
  exports org.biscotti.kernel.trace;
  exports org.biscotti.kernel.wait;
  exports org.biscotti.kernel;
}
