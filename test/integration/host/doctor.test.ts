import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, expect, it } from 'vitest';
import { SURVEY_VERSION } from '../../../src/host/survey/survey-version.ts';
import { findProgram } from '../../../src/process/program.ts';
import type { HostReport } from '../../../src/index.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { VMLET } from '../../e2e/command.ts';

let home: string;
beforeEach(() => {
  const made = makeTemporaryDirectory();
  home = made.path;
  return made.remove;
});

async function doctor(
  flags: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [VMLET, 'doctor', ...flags], {
    reject: false,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...environment },
    extendEnv: false,
  });
  return { exitCode, stdout, stderr };
}

it('reports plainly that guests can run here', async () => {
  const { exitCode, stdout, stderr } = await doctor([]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ok {3}qemu +QEMU \d/m);
  expect(stdout).toMatch(/^Guests can run on this host\.$/m);
  // A pipe gets no symbols and no escape sequences.
  expect(stdout).toMatch(/^[\x00-\x7f]*$/);
  expect(stdout).not.toContain('\x1b');
});

it('reports the missing features of an installed program, and what replaces them', async () => {
  const path = join(home, 'bin');
  mkdirSync(path);
  const qemu = findProgram('qemu-system-x86_64')!;
  symlinkSync(qemu, join(path, 'qemu-system-x86_64'));
  // A passt with the messages of Debian 12’s.
  const script = '#!/bin/sh\ncase $1 in --help) echo "  -F, --fd FD" ;; --version) ;; *) cat <&3 ;; esac\n';
  writeFileSync(join(path, 'passt'), script, { mode: 0o755 });
  const { stdout } = await doctor([], { PATH: `${path}:/usr/bin` });
  expect(stdout).toMatch(
    /^Missing features, and what vmlet does instead:\n(.*\n)*  passt --vhost-user +passt and QEMU exchange packets over a socket$/m,
  );
  expect(stdout).toMatch(/^ok {3}network +passt, over a connected socket/m);
});

it('reports optional programs that do not run, without which guests can', async () => {
  const path = join(home, 'bin');
  mkdirSync(path);
  symlinkSync(findProgram('qemu-system-x86_64')!, join(path, 'qemu-system-x86_64'));
  const script = '#!/bin/sh\necho "libx.so: cannot open" >&2; exit 127\n';
  for (const name of ['passt', 'qemu-img', 'virtiofsd'])
    writeFileSync(join(path, name), script, { mode: 0o755 });
  const { exitCode, stdout, stderr } = await doctor([], { PATH: `${path}:/usr/bin` });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^warn qemu-img +qemu-img does not work: libx.so: cannot open/m);
  expect(stdout).toMatch(/^warn network +passt does not work here \(libx.so: cannot open\)/m);
  expect(stdout).toMatch(/^Guests can run on this host/m);
});

it('prints the same as JSON', async () => {
  const { exitCode, stdout } = await doctor(['--json']);
  expect(exitCode).toBe(0);
  const report = JSON.parse(stdout) as HostReport;
  expect(report).toMatchObject({ version: 1, canRunGuests: true, survey: { version: SURVEY_VERSION } });
  expect(report.findings.map(({ item }) => item)).toContain('accelerator');
  expect(report.isolation.at(-1)).toMatchObject({ network: 'none', usesHostNetwork: false });
  expect(report.featureTable).toMatchObject({ version: 1 });
  const { features } = report.featureTable;
  expect(features.find(({ feature }) => feature === '-netdev stream')).toMatchObject({
    program: 'qemu',
    present: true,
  });
  expect(report.surroundings.dataDirectory.path).toBe(join(home, '.local/share/vmlet/images'));
});

it('fails without QEMU, and says what to install', async () => {
  const { exitCode, stdout } = await doctor([], { PATH: home });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^FAIL qemu +QEMU is not installed\n +-> .*qemu-system-x86/m);
  expect(stdout).toMatch(
    /^Guests cannot run on this host\. Fix the problems marked FAIL, then run: vmlet doctor$/m,
  );
});
