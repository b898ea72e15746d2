import { join } from 'node:path';
import { supervise } from '../src/process/supervise.ts';
import type { Scope } from '../src/util/scope.ts';
import { until } from './until.ts';

const PROGRAM = join(import.meta.dirname, '../fixtures/keeper/notify-socket.pl');

/**
 * Listens as systemd does for a service, until the scope closes.
 * @param address a path, or an abstract name with a leading `@`.
 * @returns a function for the lines that were sent so far.
 */
export async function openNotifySocket(address: string, scope: Scope): Promise<() => string[]> {
  const systemd = supervise(['perl', PROGRAM, address], { environment: {} }, scope);
  const printed = (): string[] => systemd.output.last(20);
  await until(() => printed().length > 0, { awaited: 'it listens' });
  return () => printed().slice(1);
}
