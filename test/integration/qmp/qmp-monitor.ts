import { execFileSync } from 'node:child_process';
import { requireProgram } from '../../../src/process/program.ts';
import { hasMonitorObjects, qmpMonitorArguments } from '../../../src/host/programs/qmp-monitor.ts';

let asObjects: boolean | undefined;

/** Requested as vmlet does: a QEMU with monitors as objects prints a warning for -mon, and tests check its output. */
export function qmpMonitor(chardev: string): string[] {
  asObjects ??= hasMonitorObjects({ objects: userCreatableObjects() });
  return qmpMonitorArguments(chardev, asObjects);
}

function userCreatableObjects(): string[] {
  const help = execFileSync(requireProgram('qemu-system-x86_64'), ['-object', 'help'], { encoding: 'utf8' });
  return help.split('\n').map((line) => line.trim());
}
