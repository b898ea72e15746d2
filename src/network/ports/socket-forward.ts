import { isAbsolute, normalize } from 'node:path';
import * as z from 'zod';
import { InvalidInputError } from '../../errors/index.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';
import { type PortForward, type PortInput, parsePortForwards } from './port.ts';

/** A unix socket of the host that leads to a TCP port of the guest, over vmlet's agent. */
export interface SocketForward {
  /** Absolute path, of at most 107 bytes. */
  readonly path: string;
  /** 1 to 65535. */
  readonly guestPort: number;
}

const socketSchema = z.strictObject({ path: z.string(), guestPort: z.int().min(1).max(65_535) });

/** The keeper's own limit (native/keeper/forwards/table.h). */
export const MOST_SOCKETS = 32;

/** Ports and sockets of the host that lead to a guest. */
export interface Published {
  readonly ports: readonly PortForward[];
  readonly sockets: readonly SocketForward[];
}

/**
 * Converts the user's input; a text that begins as a path does is a socket, `/path/to.sock:80`.
 * @param field names the list in errors.
 * @throws InvalidInputError
 */
export function parsePublished(inputs: readonly PortInput[], field = 'ports'): Published {
  const sockets: SocketForward[] = [];
  const ports: PortInput[] = [];
  const places: number[] = [];
  inputs.forEach((input, index) => {
    if (typeof input === 'string' && isSocketText(input)) {
      sockets.push(parseSocketForward(input, `${field}[${index}]`));
    } else {
      ports.push(input);
      places.push(index);
    }
  });
  refuseTwice(sockets, field);
  refuseTooManySockets(sockets, field);
  return { ports: parsePortForwards(ports, field, places), sockets };
}

/** True for the text of a socket's forward, or of its path alone. */
export function isSocketText(text: string): boolean {
  return /^(?:~|\.{0,2}\/)/.test(text);
}

/** Returns the string that is parsed back to the same forward. */
export function formatSocketForward({ path, guestPort }: SocketForward): string {
  return `${path}:${guestPort}`;
}

/** @throws InvalidInputError */
export function checkSocketForward(socket: SocketForward): SocketForward {
  const { path, guestPort } = parseOptions(socketSchema, socket, 'socket');
  return { path: parseSocketPath(path, 'path'), guestPort };
}

/** @throws InvalidInputError */
function parseSocketForward(text: string, field: string): SocketForward {
  const [, path = '', port = '', protocol = 'tcp'] = /^(.*):(\d{1,5})(?:\/(\w+))?$/s.exec(text) ?? [];
  const guestPort = Number(port);
  if (path === '' || guestPort < 1 || guestPort > 65_535) {
    throw new InvalidInputError(
      field,
      `invalid socket ${JSON.stringify(text)}: expected /path/to.sock:PORT, where PORT is a port of the guest from 1 to 65535`,
      {
        hint: 'for example: /run/user/1000/web.sock:80',
      },
    );
  }
  if (protocol !== 'tcp') {
    throw new InvalidInputError(
      field,
      `invalid socket ${JSON.stringify(text)}: a socket can be forwarded only to a TCP port`,
      { hint: `leave out "/${protocol}"` },
    );
  }
  return { path: parseSocketPath(path, field), guestPort };
}

/** @throws InvalidInputError */
function parseSocketPath(path: string, field: string): string {
  const told = JSON.stringify(path);
  if (!isAbsolute(path)) {
    const absolute = path.startsWith('~')
      ? `$HOME/${path.replace(/^~[^/]*\/?/, '')}`
      : `$PWD/${path.replace(/^\.\//, '')}`;
    throw new InvalidInputError(field, `${told} is not an absolute path`, {
      hint: `write an absolute path, such as ${absolute}`,
    });
  }
  if (path.includes('\0') || path.endsWith('/')) {
    throw new InvalidInputError(field, `invalid socket path ${told}`, {
      hint: 'write the path of a socket, without a slash at the end',
    });
  }
  const normal = normalize(path);
  const length = Buffer.byteLength(normal);
  if (length > LONGEST_SOCKET_PATH) {
    throw new InvalidInputError(
      field,
      `${path} is too long for a socket: ${length} bytes (limit: ${LONGEST_SOCKET_PATH})`,
      { hint: 'choose a shorter path, for example in $XDG_RUNTIME_DIR' },
    );
  }
  return normal;
}

/** @throws InvalidInputError for more sockets than a machine can have. */
export function refuseTooManySockets(sockets: readonly SocketForward[], field = 'ports'): void {
  if (sockets.length <= MOST_SOCKETS) return;
  throw new InvalidInputError(
    field,
    `a machine can forward at most ${MOST_SOCKETS} unix sockets, not ${sockets.length}`,
  );
}

function refuseTwice(sockets: readonly SocketForward[], field: string): void {
  const paths = sockets.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw new InvalidInputError(field, `${twice} is given twice`);
}
