/** The kernel's devices over those of the host: files, directories, terminal, clock. */
module org.biscotti.devices {
  requires static com.google.errorprone.annotations;
  requires jdk.unsupported;
  requires static org.jspecify;
  requires org.apache.logging.log4j;
  requires transitive org.biscotti.kernel;

  exports org.biscotti.devices;
}
