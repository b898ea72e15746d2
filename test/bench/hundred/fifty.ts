import type { TestMachine } from '../../../src/testing/index.ts';
import { expect } from '../../../src/testing/vitest.ts';

/** The work of each test: a file, a command, its result. */
export const FIFTY = Array.from({ length: 50 }, (_, index) => `writes and reads ${index}`);

export async function writeAndRead(vm: TestMachine, name: string): Promise<void> {
  await vm.writeFile('/tmp/input', `${name}\n`);
  expect((await vm.sh`tr a-z A-Z < /tmp/input`).stdout).toBe(name.toUpperCase());
}
