import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';

describe('the options of the keeper', () => {
  it.each<[readonly string[], string]>([
    [['--lock'], '--lock: a value is required'],
    [['--mounts'], '--mounts: a value is required'],
    [['--names'], '--names: a value is required'],
    [['--afterwards'], '--afterwards: a value is required'],
    [['--no-such'], '--no-such: no such option'],
    [['--names', 'file'], 'file: path must be absolute'],
    [['--dialling-helper', 'passt'], '--dialling-helper: expected NAME SOCKET ARGVFILE LOGFILE'],
    [
      ['--helper', 'Passt', '/a', '/b', '/c'],
      'Passt: invalid helper name: expected at most 32 lower-case letters, digits and hyphens',
    ],
    [['--', '/bin/true'], '--lock: option is required'],
  ])('%j: %s', (words, problem) => {
    const { status, stderr } = spawnSync(keeperProgram(), ['keep', ...words], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 2, stderr: `vmlet-keeper: usage: ${problem}\n` });
  });
});
