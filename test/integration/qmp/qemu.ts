import type { Socket } from 'node:net';
import { type SupervisedProcess, supervise } from '../../../src/process/supervise.ts';
import type { ProcessExit } from '../../../src/qmp/connection/ending.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { qmpMonitor } from './qmp-monitor.ts';
import { Scope } from '../../../src/util/scope.ts';

/** A process with a connection on its descriptor 3, killed when the test’s scope closes. */
export class Peer implements AsyncDisposable {
  readonly scope = new Scope();
  readonly process: SupervisedProcess;
  readonly socket: Socket;
  readonly processExit: Promise<ProcessExit>;

  constructor(argv: readonly [string, ...string[]]) {
    this.process = supervise(
      argv,
      { environment: { PATH: process.env['PATH'] ?? '' }, descriptors: ['pipe'] },
      this.scope,
    );
    this.socket = this.process.connections.get(3)!;
    this.processExit = this.process.exited.then((status) => ({
      status,
      stderr: this.process.output.last(20),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope.close();
  }
}

export function qemuArgv(...more: string[]): [string, ...string[]] {
  return ['qemu-system-x86_64', '-nodefaults', '-no-user-config', '-display', 'none', '-S', ...more];
}

const onDescriptor3 = ['-chardev', 'socket,id=qmp,fd=3', ...qmpMonitor('qmp')] as const;

export function startQemu(...more: string[]): Peer {
  const machine = more.includes('-machine') ? [] : ['-machine', 'none'];
  return new Peer(qemuArgv(...machine, ...onDescriptor3, ...more));
}

export function startStandIn(program: string, mode: string): Peer {
  return new Peer([
    process.execPath,
    new URL(`../../../fixtures/qmp/${program}`, import.meta.url).pathname,
    mode,
  ]);
}

export async function negotiate(peer: Peer): Promise<QmpClient> {
  return QmpClient.negotiate(peer.socket, { processExit: peer.processExit, greetingTimeoutMs: 60_000 });
}

/** Settles with what `work` rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
