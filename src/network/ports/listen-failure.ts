import { InvalidInputError, PermissionError } from '../../errors/index.ts';

/** @param endpoint such as `127.0.0.1:80/tcp`. */
export function privilegedPort(endpoint: string, cause?: unknown): PermissionError {
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
