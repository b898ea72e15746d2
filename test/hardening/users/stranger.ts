/** tsx stranger.ts FILE: tries to access each entry of the JSON in FILE, and prints the results as JSON. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import type { Entry } from './entry.ts';

export interface Reached {
  readonly path: string;
  readonly how: string;
}

/** Was permitted, and returned nothing. */
const NOTHING = 0;

const [file] = process.argv.slice(2);
if (file === undefined) throw new TypeError('FILE');
const reached: Reached[] = [];
let tried = 0;
for (const { path, kind } of JSON.parse(readFileSync(file, 'utf8')) as Entry[]) {
  for (const [how, attempt] of Object.entries(attemptsAt(path, kind))) {
    tried++;
    try {
      if ((await attempt()) !== NOTHING) reached.push({ path, how });
    } catch (error) {
      // Refused, as required; errors of this program are not.
      if (!(error instanceof Error && 'syscall' in error)) throw error;
    }
  }
}
console.log(JSON.stringify({ tried, reached }));

function attemptsAt(path: string, kind: Entry['kind']): Record<string, () => unknown> {
  const open = (flags: number) => () => closeSync(openSync(path, flags | constants.O_NONBLOCK));
  switch (kind) {
    case 'directory': {
      const made = join(path, 'of-a-stranger');
      return {
        list: () => readdirSync(path),
        enter: () => accessSync(path, constants.X_OK),
        'make a file in': () => {
          writeFileSync(made, '', { flag: 'wx' });
          rmSync(made);
        },
        rename: () => {
          renameSync(path, `${path}.moved`);
          renameSync(`${path}.moved`, path);
        },
      };
    }
    case 'socket':
      return { 'connect to': async () => connect(path), open: open(constants.O_RDWR) };
    case 'process': {
      // A zombie shows nothing.
      const read = (name: string) => () => readFileSync(join(path, name)).length || NOTHING;
      const list = (name: string) => () => readdirSync(join(path, name));
      return {
        'read the environment of': read('environ'),
        'read the maps of': read('maps'),
        'open the memory of': () => closeSync(openSync(join(path, 'mem'), 'r')),
        'list the descriptors of': list('fd'),
        'enter the root of': list('root'),
        'enter the directory of': list('cwd'),
        signal: () => process.kill(Number(basename(path)), 0),
      };
    }
    default:
      return { read: open(constants.O_RDONLY), 'write to': open(constants.O_WRONLY | constants.O_APPEND) };
  }
}

async function connect(path: string): Promise<void> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
