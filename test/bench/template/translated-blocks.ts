import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from '../../../src/index.ts';
import { renewFork } from '../../../src/template/renew-fork.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { startByHand } from './restore-by-hand.ts';

/** Linux's half of the address space. */
const KERNEL = 1n << 63n;
const BLOCK = /^IN: .*\n(0x[0-9a-f]+):/gm;

export const PHASES = ['answer', 'identity', 'command', 'second command'] as const;

export interface TranslatedBlocks {
  readonly phase: (typeof PHASES)[number];
  /** Counts. */
  readonly kernel: number;
  readonly user: number;
}

/** Forks a template, and returns the blocks of code that QEMU translates on the way to the answer of a command. */
export async function translatedBlocks(template: Template): Promise<TranslatedBlocks[]> {
  const { path: directory, remove } = makeTemporaryDirectory();
  const log = join(directory, 'log');
  const { agent, plan, end } = await startByHand(template, ['-d', 'in_asm', '-D', log]);
  // QEMU writes each block out at once.
  const sizes = [0, statSync(log).size];
  await renewFork(agent, plan, template.plan);
  sizes.push(statSync(log).size);
  for (let command = 0; command < 2; command++) {
    await agent.exec(['true']);
    sizes.push(statSync(log).size);
  }
  await end();
  const bytes = readFileSync(log);
  remove();
  return PHASES.map((phase, index) => {
    const text = bytes.toString('latin1', sizes[index], sizes[index + 1]);
    const starts = [...text.matchAll(BLOCK)].map(([, address = '']) => BigInt(address));
    const kernel = starts.filter((address) => address >= KERNEL).length;
    return { phase, kernel, user: starts.length - kernel };
  });
}
