import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../directory.ts';
import { type Finished, VMLET } from './command.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
if (!isRoot)
  console.warn('skipped: only root can become another user; the other tests ran as an ordinary user already');

describe.runIf(isRoot)('an ordinary user without /dev/kvm and without a home of root’s', () => {
  const home = temporaryDirectory();
  chmodSync(home, 0o711);
  const run = join(home, 'run');
  mkdirSync(run);
  for (const path of [home, run]) chownSync(path, NOBODY, NOBODY);
  chmodSync(run, 0o700);

  async function asNobody(...args: string[]): Promise<Finished> {
    const child = spawn(process.execPath, [VMLET, ...args], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
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

  it(
    'builds its own micro image, boots it with a network, and leaves nothing running',
    { timeout: 300_000 },
    async () => {
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
      expect(stderr).toMatch(/^vmlet: 127\.0\.0\.1:\d+\/tcp leads to port 80 of the guest\n$/);
      expect(stdout).toMatch(/^0\n.*10\.0\.2\.15\/24/);
      expect(status).toBe(0);
      expect(readdirSync(join(run, 'vmlet'))).toEqual([]);
      expect(readdirSync(join(home, '.cache/vmlet/scratch'))).toEqual([]);
    },
  );

  it('is told what it has', async () => {
    const { status, stdout } = await asNobody('doctor', '--json');
    const report = JSON.parse(stdout) as { version: number; canRunGuests: boolean };
    expect(report).toMatchObject({ version: 1, canRunGuests: true });
    expect(status).toBe(0);
  });

  it('cannot publish a privileged port and is told why', async () => {
    const { status, stderr } = await asNobody('run', '-p', '79:80', 'micro', '--', 'true');
    expect(stderr).toMatch(/79.*privileges/);
    expect(status).toBe(125);
  });
});
