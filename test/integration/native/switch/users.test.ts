import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { NOBODY, isRoot } from '../../../../fixtures/confine/attempts.ts';
import { confineProgram } from '../../../../src/process/native/confine-program.ts';
import { switchProgram } from '../../../../src/process/native/network-programs.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { SwitchLab, confinedPlugOf, mac } from './switch-lab.ts';

const [A, B] = [mac(1), mac(2)];
const parent = temporaryDirectory();
let scope: Scope;

beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

/** Prints the answer, or the error. */
const ASK = `
const socket = require('node:net').connect(process.argv[1]);
socket.on('error', (error) => console.log(error.code));
socket.on('data', (data) => process.stdout.write(data));
socket.write('1 list\\n');
`;

function askedBySomebodyElse(lab: SwitchLab): string {
  const { stdout } = spawnSync(process.execPath, ['-e', ASK, lab.path('switch.sock')], {
    encoding: 'utf8',
    uid: NOBODY.uid,
    gid: NOBODY.gid,
    cwd: '/',
  });
  return stdout;
}

describe.runIf(isRoot)('another user', () => {
  it('cannot connect', async () => {
    const lab = new SwitchLab(parent, scope);
    await lab.plug('a', A);
    chmodSync(parent, 0o755);
    expect(askedBySomebodyElse(lab)).toBe('EACCES\n');
  });

  it('is disconnected even if the directory is open to all', async () => {
    const lab = new SwitchLab(parent, scope);
    await lab.plug('a', A);
    for (const path of [parent, lab.directory]) chmodSync(path, 0o755);
    chmodSync(lab.path('switch.sock'), 0o777);
    expect(askedBySomebodyElse(lab)).not.toContain('result');
    expect(lab.log).toContain('vmlet-switch: connection of another user: Permission denied\n');
    expect((await lab.list())?.ports.length).toBe(1);
  });
});

const LISTEN = `
const server = require('node:net').createServer((socket) => {
  socket.on('data', (data) => process.stdout.write(data)).on('close', () => console.log('closed'));
});
server.listen(process.argv[1], () => console.log('listening'));
`;

describe.runIf(isRoot)('another user who listens in the place of the switch', () => {
  /** Listens as another user. @returns its output so far. */
  async function squat(lab: SwitchLab): Promise<() => string> {
    chmodSync(parent, 0o755);
    chmodSync(lab.directory, 0o777);
    const squatter = spawn(process.execPath, ['-e', LISTEN, lab.path('switch.sock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      uid: NOBODY.uid,
      gid: NOBODY.gid,
      cwd: '/',
    });
    const gone = once(squatter, 'exit');
    scope.defer(async () => {
      squatter.kill('SIGKILL');
      await gone;
    });
    let heard = '';
    squatter.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await until(() => heard === 'listening\n', { awaited: 'it listens' });
    return () => heard;
  }

  it('is not taken for a switch', async () => {
    const lab = new SwitchLab(parent, scope);
    const heard = await squat(lab);
    const a = await lab.begin('a', A);
    await until(() => heard() !== 'listening\n', { awaited: 'a plug has come' });
    expect(heard()).toBe('listening\nclosed\n');
    await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
    expect(a.log).toBe(`vmlet-plug: ${lab.directory}: switch.sock belongs to another user\n`);
    // The plug waits for its own switch.
    chmodSync(lab.directory, 0o700);
    rmSync(lab.path('switch.sock'));
    await lab.hasPort(A);
  });

  it('gets nothing from a plug that had found a switch', async () => {
    const lab = new SwitchLab(parent, scope, { argv: confinedPlugOf });
    const heard = await squat(lab);
    const a = await lab.begin('a', A);
    await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
    expect(a.log).toBe(`vmlet-plug: ${lab.directory}: switch.sock belongs to another user\n`);
    await until(() => heard() !== 'listening\n', { awaited: 'the plug has gone' });
    expect(heard()).toBe('listening\nclosed\n');
  });
});

it('a switch does not start in a directory that others can read', async () => {
  const lab = new SwitchLab(parent, scope);
  chmodSync(lab.directory, 0o750);
  const a = await lab.begin('a', A);
  await until(() => a.log.includes('\n'), { awaited: 'the reason is there' });
  expect(lab.log).toContain(`${lab.directory}: expected a directory of this user only, mode 0700\n`);
  chmodSync(lab.directory, 0o700);
  await lab.hasPort(A);
});

it.runIf(isRoot)('an ordinary user gets the same results, in a user namespace', async () => {
  // Not 65534, which the kernel shows for every user that a namespace does not map.
  const uid = 64_000;
  const dist = dirname(dirname(switchProgram()));
  const copy = join(parent, 'copy');
  for (const path of [dirname(confineProgram()), dirname(switchProgram())]) {
    cpSync(path, path.replace(dist, copy), { recursive: true });
  }
  chmodSync(parent, 0o755);
  const lab = new SwitchLab(parent, scope, {
    uid,
    argv: (words) => words.map((word) => word.replace(dist, copy)),
  });
  chownSync(lab.directory, uid, uid);
  const ask = () => {
    const { stdout } = spawnSync(process.execPath, ['-e', ASK, lab.path('switch.sock')], {
      encoding: 'utf8',
      uid,
      gid: uid,
      cwd: '/',
    });
    return stdout;
  };
  const [a, b] = [await lab.begin('a', A), await lab.begin('b', B)];
  await until(() => ask().includes(A) && ask().includes(B), { awaited: 'both are plugged' });
  a.send(B, 'hello');
  await b.gets('hello');
  expect(a.log + b.log + lab.log).toBe('');
  // Root is another user to it.
  expect(await lab.list()).toBeUndefined();
});
