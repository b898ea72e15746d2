import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { poolLog } from '../../../../src/template/pool/named-pools.ts';
import { poolLogPath, removeOldPoolLogs } from '../../../../src/template/pool/pool-logs.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const place = { state: join(directory, 'vmlet') };
const DAY_SECONDS = 24 * 60 * 60;

function log(name: string, ageDays: number): string {
  const path = poolLogPath(place, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'out of memory\n');
  const then = Date.now() / 1000 - ageDays * DAY_SECONDS;
  utimesSync(path, then, then);
  return path;
}

test('the log of a pool that has ended stays for a week, and that of one that runs', () => {
  removeOldPoolLogs(place, []);
  const recent = log('recent', 6);
  const old = log('old', 8);
  const quiet = log('quiet', 8);
  removeOldPoolLogs(place, ['quiet']);
  expect([recent, old, quiet].map((path) => existsSync(path))).toEqual([true, false, true]);
});

test('a new pool removes the old logs of others', () => {
  vi.stubEnv('XDG_STATE_HOME', directory);
  vi.stubEnv('XDG_RUNTIME_DIR', directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  const old = log('old', 8);
  expect(poolLog('web')).toBe(poolLogPath(place, 'web'));
  expect(existsSync(old)).toBe(false);
});
