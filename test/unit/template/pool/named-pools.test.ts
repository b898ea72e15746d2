import { existsSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { poolLog, removePoolLog } from '../../../../src/template/pool/named-pools.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
beforeEach(() => {
  vi.stubEnv('XDG_STATE_HOME', directory);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it('the log of a pool that has ended is removed once', () => {
  const log = poolLog('idle');
  writeFileSync(log, 'ended\n');
  expect(removePoolLog('idle')).toBe(true);
  expect(existsSync(log)).toBe(false);
  expect(removePoolLog('idle')).toBe(false);
});

it('a word that is no name of a pool has no log', () => {
  expect(removePoolLog('../idle')).toBe(false);
});
