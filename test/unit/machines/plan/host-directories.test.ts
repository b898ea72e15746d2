import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import { findDirectories } from '../../../../src/machines/plan/host-directories.ts';
import type { StoredMounts } from '../../../../src/machines/spec/stored-mounts.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { smallSpec } from '../spec/small-spec.ts';

const directory = temporaryDirectory();
const ids = { kind: 'host' } as const;

function refusal(mounts: StoredMounts): InvalidInputError {
  try {
    findDirectories({ ...smallSpec, ...mounts }, {} as Host);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

it.each(['shares', 'copies'] as const)('says how to start a machine without one of its %s', (kind) => {
  const missing = { source: join(directory, 'none'), target: '/srv/a b', ids };
  const { message, hint } = refusal({ [kind]: [{ ...missing, readOnly: true, cache: 'auto' }] });
  expect(message).toBe(`/srv/a b: no such directory: ${directory}/none`);
  expect(hint).toBe(
    `create it: mkdir -p ${directory}/none; to start machine "m" without /srv/a b: vmlet share rm m '/srv/a b'`,
  );
});

it('says so for what is not a directory any more', () => {
  const source = join(directory, 'file');
  writeFileSync(source, '');
  const { message, hint } = refusal({ copies: [{ source, target: '/c', ids }] });
  expect(message).toBe(`/c: not a directory: ${source}`);
  expect(hint).toMatch(/^share the directory that contains .*; to start .* vmlet share rm m \/c$/);
});
