import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootSectors } from '../../fixtures/guests/boot-sectors.ts';
import { temporaryDirectory } from '../directory.ts';
import { start, vmlet } from './command.ts';

const directory = temporaryDirectory();
const CONTROL_CHARACTER = /[^\P{Cc}\n]/u;

it('a guest’s output does not control the terminal in an error message', async () => {
  const disk = join(directory, 'steering.raw');
  writeFileSync(disk, bootSectors.steerTerminal);
  const { status, stderr } = await vmlet('run', '--net', 'none', disk, 'true');
  expect(stderr).toMatch(/last lines of the guest's console:\n {2}\| red\n/);
  expect(stderr).not.toMatch(CONTROL_CHARACTER);
  expect(status).toBe(125);
});

it('a file name does not control the terminal in an error message', async () => {
  const steering = join(directory, '\u001b]0;mine\u0007\u001b[2Jname\u009b31m');
  const taken = join(directory, 'taken');
  writeFileSync(taken, bootSectors.powerOff);
  mkdirSync(steering);
  const ours = await vmlet('image', 'import', steering, 'called');
  const env = { XDG_DATA_HOME: join(taken, '\u001b[2Jname') };
  const below = await start(['image', 'import', taken, 'called'], { env }).finished;
  const hosts = await start(['ls'], { env }).finished;
  for (const { status, stderr } of [ours, below, hosts]) {
    expect(status).toBe(125);
    expect(stderr).toContain('name');
    expect(stderr).not.toMatch(CONTROL_CHARACTER);
  }
  expect(below.stderr).toContain('is not a directory');
  expect(hosts.stderr).toMatch(
    /^vmlet: not a directory: .*\n {2}a part of this path is a file.* other XDG variables$/m,
  );
});

it('a name cannot forge a line or reorder the text', async () => {
  const name = 'x\nvmlet: forged\u2028vmlet: forged\r\u202etxt.\u200b';
  const disk = join(directory, `${name}.qcow2`);
  writeFileSync(disk, 'QFI\xfb', 'latin1');
  mkdirSync(join(directory, name));
  const commands = [
    ['image', 'import', join(directory, name), 'called'],
    ['image', 'import', disk, 'called'],
    ['inspect', name],
    ['run', disk, 'true'],
    ['run', name, 'true'],
    ['start', name],
    ['image', 'rm', name],
    ['logs', `--${name}`],
    [name],
    ['cp', `m:${name}`, `m:${name}`],
    ['create', 'm', '--image', name],
    ['create', 'm', '--net', name],
  ];
  for (const { status, stderr, stdout } of await Promise.all(
    commands.map(async (words) => vmlet(...words)),
  )) {
    expect(status).toBe(125);
    expect(stdout).not.toContain('forged');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.filter((line) => !/^(?:vmlet: |called: \w+$|\(see --help\)$| {2})/.test(line))).toEqual([]);
    expect(stderr).not.toMatch(/^ *vmlet: forged/m);
    expect(stderr).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});
