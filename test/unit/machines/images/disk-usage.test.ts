import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { measureDiskUsage } from '../../../../src/machines/images/disk-usage.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

it('the disk usage includes the code that the command has compiled, which no prune removes', async () => {
  const locations = locate({ XDG_RUNTIME_DIR: directory }, directory, 0);
  expect((await measureDiskUsage(locations))['compiled code']).toEqual([]);
  const code = join(locations.cache, 'compiled');
  mkdirSync(code, { recursive: true });
  writeFileSync(join(code, 'v20-ls.code'), 'x'.repeat(10_000));
  writeFileSync(join(code, 'v20-run.code'), 'x'.repeat(5000));
  expect((await measureDiskUsage(locations))['compiled code']).toEqual([
    {
      name: 'compiled',
      apparentBytes: 15_000,
      hostBytes: expect.any(Number) as number,
      active: false,
      reclaimableBytes: 0,
    },
  ]);
});
