import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { compiled, sanitized } from '../../../../fixtures/compiled.ts';
import { until } from '../../../until.ts';
import { type ProcessIdentity, identifyProcess, isAlive } from '../../../../src/process/procfs/identity.ts';
import {
  type KeeperHelper,
  type KeeperOptions,
  type StartedKeeper,
  startKeeper,
} from '../../../../src/process/keeper.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { qmpMonitor } from '../../qmp/qmp-monitor.ts';
import type { Scope } from '../../../../src/util/scope.ts';
import { directoryIn } from '../../../directory.ts';

const SOURCES = join(import.meta.dirname, '../../../../native/keeper');

/** A keeper with sanitizers: every error shows in its exit status and in QEMU’s log. */
export async function sanitizedKeeper(...defined: readonly string[]): Promise<string> {
  return compiled(SOURCES, 'vmlet-keeper-sanitized', sanitized(...defined));
}

interface RunFile {
  readonly version: 1;
  readonly bootId: string;
  readonly keeper: { pid: number; startTime: number };
  readonly qemu: { pid: number; startTime: number } | null;
  readonly helpers: Record<string, { pid: number; startTime: number }>;
  readonly state: string;
  readonly failedMounts: readonly FailedMount[];
  readonly startedAt: number;
}

interface FailedMount {
  readonly path: string;
  readonly phase: number;
  readonly errno: number;
}

interface EndFile {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly sentSignal: number | null;
  readonly negotiated: boolean;
  readonly fatalRunState: string | null;
  readonly command: {
    exitCode: number | null;
    signal: number | null;
    problem: string | null;
    mount?: FailedMount;
  } | null;
  readonly events: readonly EventLine[];
}

interface EventLine {
  readonly timestamp?: { seconds: number; microseconds: number };
  readonly event: string;
  readonly data?: Record<string, unknown>;
}

/** The files of one machine, and its keeper. */
export class KeeperLab {
  readonly directory: string;
  readonly runtimeDirectory: string;
  readonly consolePath: string;
  readonly serialPath: string;
  readonly agentPath: string;
  readonly #keeperPath: string;
  readonly #scope: Scope;

  constructor(keeperPath: string, parent: string, scope: Scope) {
    this.#keeperPath = keeperPath;
    this.#scope = scope;
    this.directory = directoryIn(parent, 'm');
    this.runtimeDirectory = join(this.directory, 'run');
    this.consolePath = join(this.runtimeDirectory, 'console.sock');
    this.serialPath = join(this.runtimeDirectory, 'serial.sock');
    this.agentPath = join(this.runtimeDirectory, 'agent.sock');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  options(command: readonly [string, ...string[]], more: Partial<KeeperOptions> = {}): KeeperOptions {
    return {
      lockPath: this.path('keeper.lock'),
      recordPath: this.path('run.json'),
      endedPath: this.path('end.json'),
      eventsPath: this.path('events.ndjson'),
      qemuLogPath: this.path('qemu.log'),
      serialLogPath: this.path('serial.log'),
      consolePath: this.consolePath,
      serialPath: this.serialPath,
      agentPath: this.agentPath,
      runtimeDirectory: this.runtimeDirectory,
      command,
      ...more,
    };
  }

  /** Killed at the end of the scope if it is still running. */
  start(command: readonly [string, ...string[]], more: Partial<KeeperOptions> = {}): StartedKeeper {
    mkdirSync(this.runtimeDirectory, { recursive: true });
    const keeper = startKeeper(this.#keeperPath, this.options(command, more));
    const identity = identifyProcess(keeper.pid);
    this.#scope.defer(async () => {
      keeper.release();
      if (!identity || !isAlive(identity)) return;
      process.kill(identity.pid, 'SIGKILL');
      await gone(identity);
      for (const report of keeper.reports)
        if (report.kind === 'started') await gone({ ...report, bootId: identity.bootId });
    });
    return keeper;
  }

  /** A machine of 32 MiB that boots such a sector. */
  boot(
    sector: keyof typeof bootSectors,
    { qemu = [], ...more }: Partial<KeeperOptions> & { readonly qemu?: readonly string[] } = {},
  ): StartedKeeper {
    return this.start(this.qemu(sector, ...qemu), more);
  }

  qemu(sector: keyof typeof bootSectors, ...more: readonly string[]): [string, ...string[]] {
    const image = this.path(`${sector}.raw`);
    writeFileSync(image, bootSectors[sector]);
    const disk = {
      driver: 'raw',
      'node-name': 'disk',
      'read-only': true,
      file: { driver: 'file', filename: image },
    };
    return [
      requireProgram('qemu-system-x86_64'),
      ...['-S', '-M', 'q35', '-accel', 'tcg', '-m', '32', '-nodefaults', '-display', 'none'],
      ...['-chardev', 'socket,id=events,fd=3', ...qmpMonitor('events')],
      ...['-chardev', 'socket,id=console,fd=4', '-device', 'isa-serial,chardev=console'],
      ...['-device', 'pvpanic', '-blockdev', JSON.stringify(disk), '-device', 'virtio-blk-pci,drive=disk'],
      ...more,
    ];
  }

  /** A helper that is a shell script. */
  helper(name: string, script: string): KeeperHelper {
    const helper = {
      name,
      socketPath: join(this.runtimeDirectory, `${name}.sock`),
      argumentsPath: this.path(`${name}.argv`),
      logPath: this.path(`${name}.log`),
    };
    writeFileSync(helper.argumentsPath, ['/bin/sh', '-c', script, ''].join('\0'));
    return helper;
  }

  record(): RunFile {
    return this.#json('run.json') as RunFile;
  }

  end(): EndFile {
    return this.#json('end.json') as EndFile;
  }

  events(): EventLine[] {
    const lines = readFileSync(this.path('events.ndjson'), 'utf8').split('\n');
    expect(lines.pop()).toBe('');
    return lines.map((line) => JSON.parse(line) as EventLine);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'latin1');
  }

  #json(name: string): unknown {
    return JSON.parse(readFileSync(this.path(name), 'utf8'));
  }

  /** A reader of the console, with everything that it received. */
  async reader(path = this.consolePath): Promise<{ readonly socket: Socket; readonly text: () => string }> {
    const socket = connect(path);
    this.#scope.defer(() => void socket.destroy());
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return { socket, text: () => text };
  }
}

const isGone = (process: ProcessIdentity): boolean => !isAlive(process);

/** Waits until the process is gone. */
export async function gone(process: ProcessIdentity): Promise<void> {
  await until(() => isGone(process), { awaited: `process ${process.pid} ends` });
}

/** Bytes of memory in use. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
