import { poll } from '../../util/time/poll.ts';
import { type MonitorOptions, withMonitor } from '../channel/monitor.ts';
import type { Definition } from '../record/definition.ts';
import { readStatus } from '../record/machine-status.ts';

/** The keeper records a change of state within this time, unless it hangs. */
const RECORD_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** Pauses the processors, and returns when other commands see it. @throws as `withMonitor` does. */
export async function pauseMachine(definition: Definition, options: MonitorOptions): Promise<void> {
  await withMonitor(definition, async (monitor) => monitor.execute('stop'), options);
  // The keeper hears of it at the same time: until its record says so, a start would be refused.
  const limits = { timeoutMs: RECORD_MS, signal: options.signal };
  await poll(() => !isRecordedRunning(definition), { everyMs: LOOK_EVERY_MS, ...limits });
}

function isRecordedRunning({ files }: Definition): boolean {
  const status = readStatus(files);
  return status.kind === 'running' && status.state === 'running';
}
