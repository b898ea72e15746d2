import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect } from 'vitest';

const OURS = ['--pid', String(process.pid)];

/** Acts while this process cannot open any more descriptors. */
export async function withoutDescriptors(act: () => Promise<void>): Promise<void> {
  const taken: number[] = [];
  const limit = execFileSync('prlimit', [...OURS, '--nofile', '--noheadings', '--output', 'SOFT'], {
    encoding: 'utf8',
  }).trim();
  setLimit('200');
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMFILE' });
    await act();
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
    setLimit(limit);
  }
}

function setLimit(descriptors: string): void {
  execFileSync('prlimit', [...OURS, `--nofile=${descriptors}:`]);
}
