/** The machine under the kernel: KVM through FFM, the vCPU threads and the command line. */
module org.biscotti.kvm {
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires com.fasterxml.jackson.core;
  requires info.picocli;
  requires jdk.jfr;
  requires org.apache.logging.log4j;
  requires transitive org.biscotti.devices;

  exports org.biscotti.kvm;
}
