import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { refuseMountsInMemory } from '../../../../src/machines/record/mount-memory.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const files = machineFiles(locate({ XDG_RUNTIME_DIR: directory }, directory, 0), 'web', '00000000');
const share = (target: string, virtiofsd: object) => ({
  target,
  virtiofsd: { path: '/virtiofsd', survivesMissingFiles: true, ...virtiofsd },
});

/** The error for a machine that was started with these; undefined without one. */
function refusal(shares: readonly object[], volumes: readonly object[] = []): InvalidInputError | undefined {
  const plan = {
    board: { options: {} },
    accelerator: { kind: 'tcg' },
    directory: { sockets: '' },
    cdroms: [],
    rootPorts: [],
    shares,
  };
  mkdirSync(files.directory, { recursive: true });
  writeFileSync(files.plan, JSON.stringify(plan));
  try {
    refuseMountsInMemory(
      { files, spec: { name: 'web', volumes } } as unknown as Definition,
      'machine',
      'stop it',
    );
    return undefined;
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
}

it('memory can be saved without mounts, and with a virtiofsd that hands over its state', () => {
  expect(refusal([])).toBeUndefined();
  expect(refusal([share('/a', { migrates: true }), share('/b', {})])).toBeUndefined();
});

it('memory cannot be saved with a virtiofsd that does not hand over its state', () => {
  const error = refusal([share('/a', { migrates: true }), share('/b', { migrates: false })]);
  expect(error?.message).toBe(
    'machine: the memory of machine "web" cannot be saved: virtiofsd, which serves /b in the guest, is too old to save its state',
  );
  expect(error?.hint).toBe(
    'stop it; to save memory, upgrade virtiofsd, and restart the machine: vmlet restart web',
  );
});

it('memory cannot be saved with a virtiofsd that does not take its state back without a removed file', () => {
  const old = { migrates: true, survivesMissingFiles: false };
  const message =
    'virtiofsd, which serves /b in the guest, is too old to restore its state after a shared file was removed';
  expect(refusal([share('/a', { migrates: true }), share('/b', old)])?.message).toContain(message);
});

it('memory cannot be saved with a volume', () => {
  const error = refusal([], [{ name: 'cache', target: '/v', readOnly: false }]);
  expect(error?.message).toContain('the machine mounts volume "cache", which other machines may change');
  expect(error?.hint).toBe('stop it');
});
