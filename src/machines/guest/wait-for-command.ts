import { existsSync } from 'node:fs';
import { MachineNotFoundError, MachineStateError, isSystemError } from '../../errors/index.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { lockFreeDescriptor } from '../../process/lock/descriptor-lock.ts';
import { holdFileLock } from '../../process/lock/file-lock.ts';
import { Scope } from '../../util/scope.ts';
import { readCommandEnd } from '../record/command-ends.ts';
import { type Definition, readDefinition } from '../record/definition.ts';
import { describeStatus, endOfCommand, readStatus } from '../record/machine-status.ts';
import type { CommandEnd } from '../record/run-record.ts';
import { type WaitOptions, waitForMachine } from './wait.ts';

/**
 * Waits until the machine's command has ended, and the machine with it. A machine that was removed after its command has
 * left a record of its end.
 * @throws MachineStateError without a command, or without a record of its end; MachineNotFoundError, TimedOutError, or the
 *   signal's reason.
 */
export async function waitForCommand(
  locations: Locations,
  name: string,
  { timeoutMs = Infinity, ...options }: WaitOptions = {},
): Promise<CommandEnd> {
  try {
    return await waitForMachineAndCommand(readDefinition(locations, name), { ...options, timeoutMs });
  } catch (error) {
    const end = error instanceof MachineNotFoundError ? readCommandEnd(locations, name) : undefined;
    if (end === undefined) throw error;
    return end;
  }
}

async function waitForMachineAndCommand(definition: Definition, options: WaitOptions): Promise<CommandEnd> {
  const { spec, files } = definition;
  if (!spec.command) {
    throw new MachineStateError(spec.name, readStatus(files).kind, 'has no command to wait for', {
      hint: `give a condition: vmlet wait ${spec.name} --for ssh, or --for stopped`,
    });
  }
  await using scope = new Scope();
  await delayRemoval(definition, scope);
  await waitForMachine(definition, { stopped: true }, options);
  const status = readStatus(files);
  const end = endOfCommand(status);
  if (end) return end;
  if (!existsSync(files.directory)) throw new MachineNotFoundError(spec.name);
  throw new MachineStateError(
    spec.name,
    status.kind,
    `did not record the exit status of its command: ${describeStatus(status)}`,
    { hint: `check the output of the command: vmlet logs ${spec.name}` },
  );
}

/**
 * The program that removes the machine after its command waits for this lock. When it has the lock, or has removed the
 * file, the command has ended.
 */
async function delayRemoval({ files }: Definition, scope: Scope): Promise<void> {
  try {
    await holdFileLock(files.waitersLock, scope, async (descriptor) =>
      lockFreeDescriptor(descriptor, undefined, 'shared'),
    );
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
