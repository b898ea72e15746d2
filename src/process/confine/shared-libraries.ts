/** What a program that is linked dynamically reads before it does anything of its own. */
export const LIBRARIES = [
  // Where ld.so finds libraries: FHS, and Nix and Guix, which keep each in a tree of its own.
  ...['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib', '/usr/local/lib64'],
  ...['/nix/store', '/gnu/store'],
  '/etc/ld.so.cache',
  // Debian chooses between some libraries by links in here.
  '/etc/alternatives',
];

/** Run by the kernel in the program's place, so that they have to be executable. */
export const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
];
