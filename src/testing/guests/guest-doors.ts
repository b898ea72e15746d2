import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import type { Scope } from '../../util/scope.ts';

/** Sockets through which a user gets into a machine that a program has launched. */
export interface GuestDoors {
  /** Each connection gets its own shell on a terminal; undefined for a guest without vmlet's agent. */
  readonly shell: string | undefined;
  /** Serial console, for any number of connections. */
  readonly console: string;
}

const SHELL = ['/bin/sh', '-l'];
/** The window's size is unknown over a socket. */
const TERMINAL = { rows: 24, columns: 80, term: 'xterm' } as const;

/** Opens the sockets in the machine's private directory until the scope closes. */
export async function openDoors(machine: RunningMachine, scope: Scope): Promise<GuestDoors> {
  const { sockets, consoleSocket } = machine.plan.directory;
  await listen(consoleSocket, (socket) => serveConsole(machine, socket), scope);
  if (!(machine instanceof Machine)) return { shell: undefined, console: consoleSocket };
  const shell = join(sockets, 'shell.sock');
  await listen(shell, (socket) => serveShell(machine, socket), scope);
  return { shell, console: consoleSocket };
}

function serveConsole({ console }: RunningMachine, socket: Socket): void {
  const forget = console.onOutput((chunk) => socket.write(chunk));
  socket.on('data', (typed: Buffer) => console.write(typed));
  // A client that has closed its input may still read.
  socket.on('close', forget);
}

function serveShell(machine: Machine, socket: Socket): void {
  const refuse = (error: unknown): void => {
    socket.end(`${error instanceof Error ? error.message : String(error)}\r\n`);
  };
  try {
    const shell = machine.exec(SHELL, { tty: TERMINAL });
    socket.on('close', () => shell.kill('SIGHUP'));
    shell.stdin.on('error', () => undefined);
    socket.pipe(shell.stdin);
    shell.stdout.on('error', refuse);
    shell.stdout.pipe(socket);
    void shell.then(() => undefined, refuse);
  } catch (error) {
    refuse(error);
  }
}

async function listen(path: string, serve: (socket: Socket) => void, scope: Scope): Promise<void> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    // A client that has disconnected needs no error message.
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(path);
  scope.defer(async () => close(server, connections));
  await once(server, 'listening');
  // A client that cannot be accepted, as for lack of memory, is lost alone.
  server.on('error', () => undefined);
  chmodSync(path, 0o600);
}

async function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  for (const socket of connections) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
