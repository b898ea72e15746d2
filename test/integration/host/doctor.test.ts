import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SURVEY_VERSION } from '../../../src/host/host.ts';
import type { HostReport } from '../../../src/index.ts';

const root = join(import.meta.dirname, '../../..');
let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'vmlet-doctor-'))));
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function doctor(
  flags: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const args = ['--import', import.meta.resolve('tsx'), join(root, 'src/bin/vmlet.ts'), 'doctor', ...flags];
  const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
    reject: false,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...environment },
    extendEnv: false,
  });
  return { exitCode, stdout, stderr };
}

it('says in plain words that guests can run here', async () => {
  const { exitCode, stdout, stderr } = await doctor([]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ok {3}qemu +QEMU \d/m);
  expect(stdout).toMatch(/^Guests can run here\.$/m);
  // A pipe gets no symbols and no escape sequences.
  expect(stdout).toMatch(/^[\x00-\x7f]*$/);
  expect(stdout).not.toContain('\x1b');
});

it('prints the same as JSON', async () => {
  const { exitCode, stdout } = await doctor(['--json']);
  expect(exitCode).toBe(0);
  const report = JSON.parse(stdout) as HostReport;
  expect(report).toMatchObject({ version: 1, canRunGuests: true, survey: { version: SURVEY_VERSION } });
  expect(report.findings.map(({ item }) => item)).toContain('accelerator');
  expect(report.surroundings.dataDirectory.path).toBe(join(home, '.local/share/vmlet/images'));
});

it('fails where there is no QEMU, and says what to install', async () => {
  const { exitCode, stdout } = await doctor([], { PATH: home });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^FAIL qemu +QEMU is not installed\n +-> .*qemu-system-x86/m);
  expect(stdout).toMatch(/^No guest can run here yet\.$/m);
});
