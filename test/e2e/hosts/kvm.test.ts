import { accessSync, constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { surveyKey, writeCachedSurvey } from '../../../src/host/cache.ts';
import type { KvmVerdict } from '../../../src/host/survey/host.ts';
import { surveyHost } from '../../../src/host/probe.ts';
import { LaunchError, type RunningMachine, launch } from '../../../src/index.ts';
import { confineProgram } from '../../../src/process/native/confine-program.ts';
import { findVirtiofsd } from '../../../src/host/programs/helpers.ts';
import { findProgram } from '../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

let directory = '';
const forced = process.env['VMLET_TEST_KVM'] === 'required';

function kvmOpens(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return true;
  } catch {
    // It is missing, or closed to this user.
    return false;
  }
}

const opens = kvmOpens();
if (!opens) {
  const reason = '/dev/kvm does not open, so that nothing can be run under KVM';
  if (forced) throw new Error(reason);
  console.warn(`skipped: ${reason}`);
}

/** A forged verdict in the probe’s cache, to run under a KVM that was not proved. */
async function pretend(kvm: KvmVerdict): Promise<void> {
  const cacheDirectory = join(directory, 'vmlet');
  const survey = await surveyHost({ cacheDirectory });
  const key = surveyKey({
    qemu: findProgram('qemu-system-x86_64'),
    qemuImg: findProgram('qemu-img'),
    passt: findProgram('passt'),
    virtiofsd: findVirtiofsd(),
    confine: confineProgram(),
  });
  writeCachedSurvey(cacheDirectory, key, { ...survey, accelerator: { kvm } });
}

describe.runIf(opens)('under KVM', () => {
  const cacheHome = process.env['XDG_CACHE_HOME'];
  let works = false;

  beforeAll(async () => {
    const made = makeTemporaryDirectory();
    directory = made.path;
    process.env['XDG_CACHE_HOME'] = directory;
    works = (await surveyHost({ cacheDirectory: join(directory, 'vmlet') })).accelerator.kvm.usable;
    await pretend({ usable: true, cpu: 'qemu64', level: 'x86-64' });
    return made.remove;
  });
  afterAll(() => {
    if (cacheHome === undefined) delete process.env['XDG_CACHE_HOME'];
    else process.env['XDG_CACHE_HOME'] = cacheHome;
  });

  async function boot(name: string, sector: Buffer): Promise<RunningMachine> {
    const image = join(directory, `${name}.raw`);
    writeFileSync(image, sector);
    return launch({ image, until: 'running', net: 'none', memory: '32M', accel: 'kvm' });
  }

  it.each([
    ['powerOff', { kind: 'power-off', requested: false }],
    ['panic', { kind: 'panic' }],
  ] as const)('a boot sector runs confined and ends as expected: %s', async (name, outcome) => {
    await using machine = await boot(name, bootSectors[name]);
    expect(machine.plan.accelerator).toEqual({ kind: 'kvm', cpu: 'qemu64' });
    expect(await machine.ended).toEqual(outcome);
  });

  it('reports a KVM that fails as an accelerator failure, with its own message', async ({ skip }) => {
    if (works) skip('KVM works here, so that it does not give up');
    await using machine = await boot('vectorAdd', bootSectors.vectorAdd);
    const outcome = await machine.ended;
    expect(outcome.kind).toBe('accelerator-failure');
    expect(JSON.stringify(outcome)).toMatch(/KVM internal error/);
  });

  it('explains an abort of QEMU that KVM caused', async ({ skip }) => {
    if (works) skip('KVM works here, so that QEMU does not abort');
    await pretend({ usable: true, cpu: 'host', level: 'x86-64-v3' });
    const started = boot('host-cpu', bootSectors.powerOff);
    // It aborts when its first processor runs: just before or just after the launch is complete.
    const late = await started.then(
      async (machine) => machine.ended,
      () => undefined,
    );
    if (late?.kind === 'power-off') skip('this KVM takes -cpu host, so that QEMU does not abort');
    if (late) {
      expect(late).toMatchObject({ kind: 'qemu-crash', status: { signal: 'SIGABRT' } });
      return;
    }
    const error: unknown = await started.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LaunchError);
    expect((error as LaunchError).message).toMatch(/QEMU crashed \(SIGABRT\)/);
    expect((error as LaunchError).hint).toMatch(/--accel tcg/);
  });
});
