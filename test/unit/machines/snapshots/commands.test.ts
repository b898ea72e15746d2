import { describe, expect, it } from 'vitest';
import { restoreMachineSnapshot } from '../../../../src/machines/snapshots/restore-snapshot.ts';
import { createMachineSnapshot } from '../../../../src/machines/snapshots/snapshots.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const command = (remove: boolean) => ({ argv: ['true'], env: {}, remove });

describe('a running machine with a command', () => {
  it.each([
    [false, "vmlet stop web && vmlet snapshot restore web 'a b'"],
    [true, "vmlet stop web && vmlet snapshot restore --disks-only web 'a b'"],
  ])('restores no snapshot, since the keeper would end it (only the disks: %j)', async (disksOnly, hint) => {
    const stored = storedMachine(directory, { command: command(false) });
    countAsRunning(stored);
    await expect(restoreMachineSnapshot(stored.locations, 'web', 'a b', { disksOnly })).rejects.toMatchObject(
      {
        code: 'VMLET_MACHINE_STATE',
        message: 'machine "web" runs a command, so no snapshot can be restored before the machine stops',
        hint: `stop it first: ${hint}`,
      },
    );
  });

  it('is not to be stopped for it if that removes the machine', async () => {
    const stored = storedMachine(directory, { command: command(true) });
    countAsRunning(stored);
    const restored = restoreMachineSnapshot(stored.locations, 'web', 'a');
    await expect(restored).rejects.toHaveProperty('hint', expect.stringMatching(/^it was created with --rm/));
  });

  it('has no snapshots if it is removed after its command', async () => {
    const stored = storedMachine(directory, { command: command(true) });
    countAsRunning(stored);
    await expect(createMachineSnapshot(stored.locations, 'web', 'a')).rejects.toHaveProperty(
      'message',
      'machine: "web" cannot have snapshots: it was created with --rm, which removes it as soon as it ends',
    );
  });
});
