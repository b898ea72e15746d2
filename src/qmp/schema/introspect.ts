import { basename } from 'node:path';
import { requireProgram } from '../../process/program.ts';
import { supervise } from '../../process/supervise.ts';
import { Scope } from '../../util/scope.ts';
import { QmpClient } from '../client/client.ts';
import type { QmpGreeting } from '../wire/message.ts';

/** Options of `introspect`. */
export interface IntrospectOptions {
  /** Time limit in milliseconds; 30 000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The schema of a QEMU binary. */
export interface Introspection {
  /** The reply of query-qmp-schema. */
  readonly schema: unknown;
  readonly version: QmpGreeting['version'];
  /** QEMU's version and target, e.g. "QEMU 10.0.13, x86_64". */
  readonly source: string;
}

/**
 * Queries the commands and events of a QEMU binary. QEMU is started without a machine, and has exited when
 * this returns.
 * @throws MissingProgramError, QmpCrashedError, TimedOutError, or the signal's reason.
 */
export async function introspect(qemu: string, options: IntrospectOptions = {}): Promise<Introspection> {
  const { timeoutMs = 30_000, signal } = options;
  const program = requireProgram(qemu, 'give the path of a qemu-system-* program');
  await using scope = new Scope();
  const child = supervise(
    [
      program,
      ...['-machine', 'none', '-nodefaults', '-no-user-config', '-display', 'none', '-S'],
      ...['-chardev', 'socket,id=qmp,fd=3', '-mon', 'chardev=qmp,mode=control'],
    ],
    { environment: {}, descriptors: ['pipe'] },
    scope,
  );
  const socket = child.connections.get(3);
  if (!socket) throw new Error('QEMU was started without a connection to its monitor');
  const processExit = child.exited.then((status) => ({ status, stderr: child.output.last(20) }));
  await using client = await QmpClient.negotiate(socket, {
    greetingTimeoutMs: timeoutMs,
    timeoutMs,
    signal,
    processExit,
  });
  const schema: unknown = await client.execute('query-qmp-schema', {}, { signal });
  const { arch } = await client.execute('query-target', {}, { signal });
  const { version } = client.greeting;
  const { major, minor, micro } = version.qemu;
  return { schema, version, source: `QEMU ${major}.${minor}.${micro}, ${arch || basename(program)}` };
}
