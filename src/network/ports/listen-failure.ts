import { InvalidInputError, PermissionError } from '../../errors/index.ts';

/** The kernel's default (PROT_SOCK of include/net/sock.h); a sysctl changes it. */
const FIRST_UNPRIVILEGED = 1024;

/** @param endpoint of the port, such as `127.0.0.1:80/tcp`. */
export function deniedPort(endpoint: string, port: number, cause?: unknown): PermissionError {
  if (port === 0 || port >= FIRST_UNPRIVILEGED) {
    return new PermissionError(`permission denied: ${endpoint}`, {
      hint: 'choose another host port; a setting of this host forbids this one, such as the sysctl net.ipv4.ip_unprivileged_port_start or a rule of SELinux',
      cause,
    });
  }
  return new PermissionError(`permission denied: ${endpoint} is a privileged port`, {
    hint: 'choose a host port of at least 1024, or lower the sysctl net.ipv4.ip_unprivileged_port_start as root',
    cause,
  });
}

/** @param path of a socket or of its directory. */
export function deniedSocket(path: string, cause?: unknown): PermissionError {
  return new PermissionError(`permission denied: ${path}`, {
    hint: 'choose a path in a directory to which you can write, such as $XDG_RUNTIME_DIR',
    cause,
  });
}

export function existingSocket(path: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('ports', `file already exists: ${path}`, {
    hint: 'choose another path, or remove the file',
    cause,
  });
}
