import type { Socket } from 'node:net';

/** A message in place of one of QEMU’s, or before it. */
export interface Lie {
  readonly name: string;
  /** True if a command must succeed all the same. */
  readonly isHarmless?: boolean;
  /** Forwards the message, or its replacement. `false` ends the connection; otherwise nothing more follows. */
  tell(message: string, to: Socket): 'goes-on' | 'stalls' | 'closes';
}

const FLOOD = 100_000;
const EVENT = '"timestamp": {"seconds": 1, "microseconds": 2}';
const UNKNOWN_ID = 4711;

function event(name: string, data: string): string {
  return `{${EVENT}, "event": "${name}", "data": ${data}}\r\n`;
}

function idOf(message: string): string | undefined {
  return /"id": (\d+)/.exec(message)?.[1];
}

/** As an answer to the same command, if the message is one. */
function answer(message: string, body: string): string {
  const id = idOf(message);
  return `{${id === undefined ? '' : `"id": ${id}, `}${body}}\r\n`;
}

function returning(name: string, value: string): Lie {
  return {
    name,
    tell: (message, to) => {
      to.write(answer(message, `"return": ${value}`));
      return 'goes-on';
    },
  };
}

function saying(name: string, words: (message: string) => string | Buffer, isHarmless = false): Lie {
  return {
    name,
    isHarmless,
    tell: (message, to) => {
      to.write(words(message));
      return 'goes-on';
    },
  };
}

export const LIES: readonly Lie[] = [
  { name: 'stalls', tell: () => 'stalls' },
  {
    name: 'is cut off and closes',
    tell: (message, to) => {
      to.write(message.slice(0, message.length / 2));
      return 'closes';
    },
  },
  { name: 'closes, the command passed on', tell: () => 'closes' },
  saying(
    'comes after 100,000 events',
    (message) => event('VMLET_FLOOD', '{"n": [1, 2, 3]}').repeat(FLOOD) + message,
    true,
  ),
  saying('has another id', (message) =>
    answer(`"id": ${UNKNOWN_ID}`, /"(return|error)".*\}/.exec(message)?.[0].slice(0, -1) ?? '"return": {}'),
  ),
  saying('is an error of an unknown class', (message) =>
    answer(message, '"error": {"class": "Unheard", "desc": "it does not please me"}'),
  ),
  returning('is an empty object', '{}'),
  returning('is a list of numbers', '[1, 2, 3]'),
  returning('is null', 'null'),
  returning('is a text', '"running"'),
  returning('is an object of other things', '{"status": 7, "running": "yes", "ram": 1, "enabled": null}'),
  saying('is no JSON', (message) => message.replace(/[:]/, '')),
  saying('is no UTF-8', (message) => Buffer.from(message.replace(/"\w/, '"\xff\xfe'), 'latin1')),
  {
    name: 'comes a byte at a time',
    isHarmless: true,
    tell: (message, to) => {
      for (const byte of Buffer.from(message)) to.write(Buffer.of(byte));
      return 'goes-on';
    },
  },
  saying('comes twice', (message) => message + message),
  saying(
    'comes after a SHUTDOWN that is not true',
    (message) => event('SHUTDOWN', '{"guest": true, "reason": "guest-shutdown"}') + message,
  ),
  saying(
    'comes after a STOP and a RESUME that are not true',
    (message) => event('STOP', '{}') + event('RESUME', '{}') + message,
    true,
  ),
];
