/** Files that a dynamically linked program reads before its own code runs. */
export const LIBRARIES = [
  // Library directories of ld.so: FHS, and Nix and Guix, which keep each library in a tree of its own.
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'],
  ...['/nix/store', '/gnu/store'],
  '/etc/ld.so.cache',
  // Debian selects between some libraries by links in this directory.
  '/etc/alternatives',
];

/** Must be executable, because the kernel runs them in place of the program. */
export const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
];
