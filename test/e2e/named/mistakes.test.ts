import { afterAll, describe, expect, it } from 'vitest';
import { type Finished } from '../command.ts';
import { makeHome } from './home.ts';

const home = await makeHome();
afterAll(async () => home.close());

/** All of what the command printed, for a command that has to fail without a machine to show for it. */
async function refusal(...args: string[]): Promise<Finished['stderr']> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect({ status, stdout }).toStrictEqual({ status: 125, stdout: '' });
  return stderr;
}

describe('a guest larger than its host', () => {
  const tooLarge = /^vmlet: memory: 900 GiB is more than this host has: [\d.]+ GiB of memory and /;

  it('is refused before it starts', async () => {
    expect(await refusal('run', '--memory', '900G', 'micro', '--', 'true')).toMatch(tooLarge);
    expect(await refusal('run', '--dry-run', '--memory', '900G', 'micro')).toMatch(tooLarge);
  });

  it('is neither made nor made of a smaller one', async () => {
    expect(await refusal('create', 'large', '--image', 'micro', '--memory', '900G')).toMatch(tooLarge);
    expect(home.machines()).toStrictEqual([]);
    await home.store.create({ name: 'small', image: 'micro' });
    expect(await refusal('set', 'small', '--memory', '900G')).toMatch(tooLarge);
    expect(home.store.get('small').spec.memoryBytes).toBe(256 * 1024 ** 2);
  });
});

it('memory without a unit is asked about', async () => {
  expect(await refusal('run', '--memory', '2048', 'micro', '--', 'true')).toMatch(
    /^vmlet: memory: 2048 bytes; did you mean 2048M\?\n/,
  );
});
