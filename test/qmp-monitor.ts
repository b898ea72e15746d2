import { execFileSync } from 'node:child_process';
import { requireProgram } from '../src/process/program.ts';
import { hasMonitorObjects, qmpMonitorArguments } from '../src/host/programs/qmp-monitor.ts';

let asObjects: boolean | undefined;

/** As vmlet itself asks for it: a QEMU that has monitors as objects warns of -mon, where tests look at its words. */
export function qmpMonitor(chardev: string): string[] {
  asObjects ??= hasMonitorObjects({ objects: userCreatableObjects() });
  return qmpMonitorArguments(chardev, asObjects);
}

function userCreatableObjects(): string[] {
  const help = execFileSync(requireProgram('qemu-system-x86_64'), ['-object', 'help'], { encoding: 'utf8' });
  return help.split('\n').map((line) => line.trim());
}
