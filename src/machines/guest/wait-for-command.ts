import { MachineNotFoundError, MachineStateError, isSystemError } from '../../errors/index.ts';
import { lockFreeDescriptor } from '../../process/lock/descriptor-lock.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import { Scope } from '../../util/scope.ts';
import type { Definition } from '../record/definition.ts';
import { describeStatus, readStatus } from '../record/machine-status.ts';
import type { CommandEnd } from '../record/run-record.ts';
import { type WaitOptions, waitForMachine } from './wait.ts';

/**
 * Waits until the machine's command has ended, and the machine with it.
 * @throws MachineStateError without a command, or without a record of its end; MachineNotFoundError, TimedOutError, or the
 *   signal's reason.
 */
export async function waitForCommand(definition: Definition, options: WaitOptions = {}): Promise<CommandEnd> {
  const { spec, files } = definition;
  if (!spec.command) {
    throw new MachineStateError(spec.name, readStatus(files).kind, 'has no command to wait for', {
      hint: `give a condition: vmlet wait ${spec.name} --for ssh, or --for stopped`,
    });
  }
  await using scope = new Scope();
  await delayRemoval(definition, scope);
  await waitForMachine(definition, { stopped: true }, { timeoutMs: Infinity, ...options });
  const status = readStatus(files);
  const command = status.kind === 'stopped' ? status.command : undefined;
  // The status also reports a lost share, for which the keeper ended the machine.
  if (command) return { ...command, problem: command.problem && describeStatus(status) };
  throw new MachineStateError(spec.name, status.kind, `has no exit status: ${describeStatus(status)}`);
}

/** The program that removes the machine after its command waits for this lock. */
async function delayRemoval({ spec, files }: Definition, scope: Scope): Promise<void> {
  const share = async (descriptor: number): Promise<boolean> =>
    lockFreeDescriptor(descriptor, undefined, 'shared');
  try {
    if (await holdFileLock(files.waitersLock, scope, share)) return;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  // Its removal has begun.
  throw new MachineNotFoundError(spec.name);
}
