import { expect, it, vi } from 'vitest';
import { probeQemu } from '../../../src/host/programs/qemu.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { lyingMonitors } from '../../hardening/helpers/monitors.ts';
import { misbehavingPrograms } from '../../hardening/helpers/programs.ts';
import type { Findings } from '../../hardening/section.ts';

// All at once, and each starts guests or copies the package.
vi.setConfig({ testTimeout: 300_000 });

const ALL = { scale: 1, seed: 1, log: () => undefined };

/** A few cases of the section, which covers all programs, operations and messages. They mostly wait. */
it.concurrent('a qemu-img that reports success without doing its work is detected', async () => {
  check(await misbehavingPrograms(ALL, 'create:qemu-img create:1:says-nothing'));
});

it.concurrent('an unpacker’s orphan that keeps the output open is not waited for', async () => {
  check(await misbehavingPrograms(ALL, 'image-import-gzip:gzip --decompress:1:leaves-orphan'));
});

it.concurrent(
  'a QEMU that does not answer when a save is interrupted is not waited for',
  async ({ skip }) => {
    const { opensStateFiles } = await probeQemu(requireProgram('qemu-system-x86_64'), undefined);
    skip(
      !opensStateFiles,
      'this QEMU gets the open file of a state, which the relay before it cannot pass on',
    );
    check(await lyingMonitors({ ...ALL, interruptMs: 1000 }, 'save:command:12:stalls'));
  },
);

it.concurrent('a QEMU that does not answer while a CD is changed is not waited for', async () => {
  check(await lyingMonitors(ALL, 'cd insert:command:3:stalls'));
});

it.concurrent('a wrong answer of QEMU is detected, and the machine keeps running', async () => {
  check(await lyingMonitors(ALL, 'snapshot rm:command:3:is null'));
});

function check({ counts, faults }: Findings): void {
  expect(faults).toEqual([]);
  expect(counts).not.toEqual([]);
  for (const { what, tried, held } of counts) {
    expect(tried, what).toBeGreaterThan(0);
    expect(held, what).toBe(tried);
  }
}
