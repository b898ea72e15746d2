import { MachineStateError } from '../errors.ts';

export function notRunning(name: string, kind: string): MachineStateError {
  return new MachineStateError(name, kind, 'does not run', { hint: `start it first: vmlet start ${name}` });
}
