import { expect, it } from 'vitest';
import { GuestMountError, LaunchError, TimedOutError } from '../../../../src/errors/index.ts';
import { runDetached, withoutMachine } from '../../../../src/cli/lifecycle/run-detached.ts';

it.each([
  [{ template: 'web' }, '--template'],
  [{ dryRun: true }, '--dry-run'],
] as const)('run --detach rejects %o by its name', async (flags, flag) => {
  await expect(runDetached(undefined, ['true'], { detach: true, ...flags })).rejects.toMatchObject({
    message: `--detach: cannot be used together with ${flag}`,
    hint: `leave out --detach or ${flag}`,
  });
});

const output = { qemu: [], console: ['last line'] };
const plain = {
  mount: new GuestMountError('/x', 'ENODEV', 'no virtiofs'),
  launch: new LaunchError('no memory', output, { hint: 'add --memory 1G' }),
  silent: new TimedOutError('waiting for the guest agent', 1, { hint: 'it may have no agent' }),
};

it.each([
  [
    'a failed mount',
    new GuestMountError('/x', 'ENODEV', 'no virtiofs', { hint: 'vmlet share rm job', cause: plain.mount }),
    plain.mount,
  ],
  [
    'a dead kernel',
    new LaunchError('no memory', output, { hint: 'vmlet logs job', cause: plain.launch }),
    plain.launch,
  ],
  [
    'a guest without an agent',
    new TimedOutError('waiting for the guest agent', 1, { hint: 'vmlet logs job', cause: plain.silent }),
    plain.silent,
  ],
])('%s gives no advice on the machine, which was removed', (_what, error, told) => {
  expect(withoutMachine(error)).toBe(told);
});

it.each([
  new TimedOutError('starting', 1),
  new LaunchError('x', output, { cause: new Error('y') }),
  plain.mount,
])('other errors stay as they are: %s', (error) => {
  expect(withoutMachine(error)).toBe(error);
});
