import { chmodSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Machine } from '../../machine/running/machine.ts';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import type { Scope } from '../../util/scope.ts';

/** Sockets by which a person comes into a machine that a program has launched. */
export interface GuestDoors {
  /** Each connection gets a shell of its own on a terminal; undefined for a guest without our agent. */
  readonly shell: string | undefined;
  /** The serial console, for any number at once. */
  readonly console: string;
}

const SHELL = ['/bin/sh', '-l'];
/** Nobody tells us the window's size over a socket. */
const TERMINAL = { rows: 24, columns: 80, term: 'xterm' } as const;

/** Opens them in the machine's private directory, until the scope closes. */
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
  // Who has no more to type may still want to read.
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
    // Whoever has gone needs no word of it.
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(path);
  scope.defer(async () => close(server, connections));
  await once(server, 'listening');
  chmodSync(path, 0o600);
}

async function close(server: Server, connections: ReadonlySet<Socket>): Promise<void> {
  for (const socket of connections) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
}
