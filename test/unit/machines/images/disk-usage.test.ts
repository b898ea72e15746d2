import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { measureDiskUsage } from '../../../../src/machines/images/disk-usage.ts';
import { pruneLeftovers } from '../../../../src/machines/images/prune-leftovers.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const old = new Date('2026-01-01');

it('the disk usage includes the code that the command has compiled, and old code is removed', async () => {
  const locations = locate({ XDG_RUNTIME_DIR: directory }, directory, 0);
  expect((await measureDiskUsage(locations))['compiled code']).toEqual([]);
  const code = join(locations.cache, 'compiled');
  mkdirSync(code, { recursive: true });
  writeFileSync(join(code, 'new.code'), 'x'.repeat(10_000));
  writeFileSync(join(code, 'old.code'), 'x'.repeat(5000));
  utimesSync(join(code, 'old.code'), old, old);
  const [used, unused, ...others] = (await measureDiskUsage(locations))['compiled code'];
  expect(used).toMatchObject({ name: 'new.code', apparentBytes: 10_000, active: true, reclaimableBytes: 0 });
  expect(unused).toMatchObject({ name: 'old.code', active: false, reclaimableBytes: unused?.hostBytes });
  expect(others).toEqual([]);
  expect(await pruneLeftovers(locations, { dryRun: true })).toEqual([unused]);
  expect(await pruneLeftovers(locations)).toEqual([unused]);
  expect(readdirSync(code)).toEqual(['new.code']);
});
