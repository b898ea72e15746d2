import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import * as z from 'zod';
import { INSTALL_AGENT, InvalidInputError } from '../../../errors/index.ts';
import type { TerminalSize } from '../../../index.ts';
import type { LiveMachine } from '../../../machines/index.ts';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { LOGIN_SHELL } from '../../enter/agent-shell.ts';
import { MOST_UNSENT, sendMessage } from './web-socket.ts';

const INVALID_DATA = 1007;

const cells = z.coerce.number().int().min(1).max(1000);
const size = { columns: cells.default(80), rows: cells.default(24) };
const querySchema = z.strictObject({
  ...size,
  argv: z.array(z.string()),
  user: z.string().optional(),
  workdir: z.string().optional(),
});
const messageSchema = z.strictObject({ resize: z.strictObject(size) });

export type ShellQuery = z.output<typeof querySchema>;

/** @throws InvalidInputError */
export function parseShellQuery(query: URLSearchParams): ShellQuery {
  return parseOptions(querySchema, { ...Object.fromEntries(query), argv: query.getAll('argv') }, 'query');
}

/** Runs a command or a login shell through the agent, on a terminal that the client resizes. Both sides set the pace. */
export async function serveShell(
  live: LiveMachine,
  socket: WebSocket,
  { argv, columns, rows, user, workdir }: ShellQuery,
  signal: AbortSignal,
): Promise<void> {
  const typed = new PassThrough();
  let resized: TerminalSize | undefined;
  let resize = (size: TerminalSize): void => void (resized = size);
  // The client may type before the agent answers.
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) {
      const message = parseMessage(data);
      if (message) resize(message.resize);
      else socket.close(INVALID_DATA);
    } else if (!typed.write(data)) {
      socket.pause();
      typed.once('drain', () => socket.resume());
    }
  });
  await using channel = await live.openGuest({ signal });
  if (channel.kind !== 'vmlet') {
    throw new InvalidInputError(
      'exec',
      "this guest has only QEMU's agent, which does not support terminals",
      {
        hint: `${INSTALL_AGENT}, or use: vmlet ssh ${live.name}`,
      },
    );
  }
  const shell = channel.agent.exec(argv.length > 0 ? argv : LOGIN_SHELL, {
    tty: { columns, rows, term: 'xterm-256color', ...resized },
    user,
    cwd: workdir,
    signal,
  });
  resize = (size) => shell.resize(size);
  const { stdin, stdout } = shell;
  // A command that has ended reads no more; the result reports its end.
  stdin.on('error', () => undefined);
  stdout.on('error', () => undefined);
  typed.pipe(stdin);
  stdout.on('data', (bytes: Buffer) => {
    socket.send(bytes, () => {
      if (socket.bufferedAmount < MOST_UNSENT / 2) stdout.resume();
    });
    if (socket.bufferedAmount > MOST_UNSENT) stdout.pause();
  });
  // The result may come before the last of the output.
  const [{ exitCode, signal: killedBy }] = await Promise.all([shell, finished(stdout, { signal })]);
  sendMessage(socket, { exit: { exitCode, signal: killedBy } });
}

function parseMessage(data: Buffer): z.output<typeof messageSchema> | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(data.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
