import { expect, it } from 'vitest';
import { lyingMonitors } from '../../hardening/helpers/monitors.ts';
import { misbehavingPrograms } from '../../hardening/helpers/programs.ts';
import type { Findings } from '../../hardening/section.ts';

const ALL = { scale: 1, seed: 1, log: () => undefined };

/** Two cases of what the section takes: all programs, all operations and all messages. */
it('a qemu-img that does nothing and says that it did is found out', async () => {
  check(await misbehavingPrograms(ALL, 'create:qemu-img create:1:says-nothing'));
});

it('a QEMU that answers with something else is told apart, and the machine goes on', async () => {
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
