import { pause } from '../../util/time/pause.ts';
import { type MonitorOptions, withMonitor } from '../channel/monitor.ts';
import type { Definition } from '../record/definition.ts';
import { readStatus } from '../record/machine-status.ts';

/** Within which the keeper records a change of state, unless it hangs. */
const RECORD_MS = 5_000;
const LOOK_AGAIN_MS = 5;

/** Pauses the processors, and returns when other commands see it. @throws as `withMonitor` does. */
export async function pauseMachine(definition: Definition, options: MonitorOptions): Promise<void> {
  await withMonitor(definition, async (monitor) => monitor.execute('stop'), options);
  // The keeper hears of it at the same time: until its record says so, a start would be refused.
  const deadline = performance.now() + RECORD_MS;
  while (isRecordedRunning(definition) && performance.now() < deadline)
    await pause(LOOK_AGAIN_MS, options.signal);
}

function isRecordedRunning({ files }: Definition): boolean {
  const status = readStatus(files);
  return status.kind === 'running' && status.state === 'running';
}
