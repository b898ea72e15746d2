import { MachineStateError } from '../../errors/index.ts';

export function notRunning(name: string, kind: string): MachineStateError {
  return new MachineStateError(name, kind, 'does not run', { hint: `start it first: vmlet start ${name}` });
}
