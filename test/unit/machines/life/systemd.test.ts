import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runsOutsideUnit } from '../../../../src/machines/life/systemd.ts';
import { temporaryDirectory } from '../../../directory.ts';

const parent = temporaryDirectory();
afterEach(() => {
  vi.unstubAllEnvs();
});

test('a machine is outside of its unit if it has one, and its keeper runs elsewhere', () => {
  const files = { directory: parent, run: join(parent, 'run.json') };
  const units = join(parent, 'config/systemd/user');
  vi.stubEnv('XDG_CONFIG_HOME', join(parent, 'config'));
  mkdirSync(units, { recursive: true });
  const keeper = (pid: number) => {
    const run = {
      version: 1,
      bootId: '',
      keeper: { pid, startTime: 1 },
      qemu: null,
      helpers: {},
      state: 'running',
    };
    writeFileSync(files.run, JSON.stringify({ ...run, startedAt: 0 }));
  };
  keeper(process.pid);
  expect(runsOutsideUnit('web', files)).toBe(false);
  writeFileSync(join(units, 'vmlet-web.service'), '');
  expect(runsOutsideUnit('web', files)).toBe(true);
  // It has ended.
  keeper(2 ** 22 + 1);
  expect(runsOutsideUnit('web', files)).toBe(false);
});
