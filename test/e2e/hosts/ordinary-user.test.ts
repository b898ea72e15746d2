import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '../../directory.ts';
import type { Finished } from '../command.ts';
import { whyNoShares } from '../virtiofsd.ts';
import { installCopy } from './installed-copy.ts';

const NOBODY = 65_534;
const another = { uid: NOBODY, gid: NOBODY, cwd: '/' };
const reason =
  process.getuid?.() !== 0
    ? 'only root can become another user, and the other tests ran as an ordinary one already'
    : spawnSync(process.execPath, ['-e', '0'], another).status !== 0
      ? `another user may not run ${process.execPath}`
      : undefined;
if (reason !== undefined) console.warn(`skipped: ${reason}`);

describe.runIf(reason === undefined)('an ordinary user without /dev/kvm and without root’s home', () => {
  let home = '';
  let run = '';
  let installed = '';

  beforeAll(() => {
    const made = makeTemporaryDirectory();
    home = made.path;
    chmodSync(home, 0o711);
    installed = join(home, 'installed');
    installCopy(installed);
    run = join(home, 'run');
    mkdirSync(run);
    for (const path of [home, run]) chownSync(path, NOBODY, NOBODY);
    chmodSync(run, 0o700);
    return made.remove;
  });

  async function asNobody(...args: string[]): Promise<Finished> {
    const child = spawn(process.execPath, [join(installed, 'dist/bin/vmlet.js'), ...args], {
      ...another,
      env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: run },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    return new Promise((resolve) =>
      child.once('close', (status, signal) =>
        resolve({ status: status ?? undefined, signal: signal ?? undefined, ...output }),
      ),
    );
  }

  it('builds its own micro image, boots it with a network, and leaves no process', async () => {
    const { status, stdout, stderr } = await asNobody(
      'run',
      '-p',
      '80',
      'micro',
      '--',
      'sh',
      '-c',
      'id -u; ip -4 -o addr show eth0',
    );
    expect(stderr).toMatch(/^vmlet: forwarding 127\.0\.0\.1:\d+\/tcp to port 80 of the guest\n$/);
    expect(stdout).toMatch(/^0\n.*10\.0\.2\.15\/24/);
    expect(status).toBe(0);
    expect(readdirSync(join(run, 'vmlet'))).toEqual([]);
    expect(readdirSync(join(home, '.cache/vmlet/scratch'))).toEqual([]);
  });

  it.skipIf(whyNoShares !== undefined)('shares a directory, and owns the files in it', async () => {
    const shared = join(home, 'shared');
    mkdirSync(shared);
    chownSync(shared, NOBODY, NOBODY);
    const script =
      'touch a; mkdir d; ln -s a l; mv a d; chown 33 d; chmod 4755 d; stat -c %u:%g d/a; ls /host | head -n 1';
    const volumes = ['-v', `${shared}:/s`, '-v', '/usr/share:/host:ro'];
    const ran = await asNobody(
      'run',
      '--net',
      'none',
      ...volumes,
      '-w',
      '/s',
      'micro',
      '--',
      'sh',
      '-c',
      script,
    );
    expect(ran.stderr).toBe('chmod: d: Operation not permitted\n');
    expect(ran.stdout).toMatch(/^0:0\n./);
    const { uid, gid } = statSync(join(shared, 'd/a'));
    expect([uid, gid]).toEqual([NOBODY, NOBODY]);
  });

  it.skipIf(whyNoShares !== undefined)('creates files as itself alone with ids=host', async () => {
    const shared = join(home, 'own');
    mkdirSync(shared);
    chownSync(shared, NOBODY, NOBODY);
    chmodSync(shared, 0o777);
    const touch = async (user: number): Promise<Finished> => {
      const flags = ['--net', 'none', '-u', `${user}:${user}`, '-v', `${shared}:/s:ids=host`];
      return asNobody('run', ...flags, 'micro', '--', 'touch', `/s/${user}`);
    };
    for (const user of [0, NOBODY]) {
      expect(await touch(user)).toMatchObject({ status: 0, stderr: '' });
      expect(statSync(join(shared, String(user))).uid).toBe(NOBODY);
    }
    expect((await touch(1234)).stderr).toBe('touch: /s/1234: Invalid argument\n');
  });

  it('is told by doctor what works', async () => {
    const { status, stdout } = await asNobody('doctor', '--json');
    const report = JSON.parse(stdout) as { version: number; canRunGuests: boolean };
    expect(report).toMatchObject({ version: 1, canRunGuests: true });
    expect(status).toBe(0);
  });

  it('cannot publish a privileged port, and is told why', async () => {
    const { status, stderr } = await asNobody('run', '-p', '79:80', 'micro', '--', 'true');
    expect(stderr).toMatch(/79.*privileged port/);
    expect(status).toBe(125);
  });
});
