import { expect, it } from 'vitest';
import { runDetached } from '../../../../src/cli/lifecycle/run-detached.ts';

it.each([
  [{ template: 'web' }, '--template'],
  [{ dryRun: true }, '--dry-run'],
] as const)('run --detach rejects %o by its name', async (flags, flag) => {
  await expect(runDetached(undefined, ['true'], { detach: true, ...flags })).rejects.toMatchObject({
    message: `--detach: cannot be used together with ${flag}`,
    hint: `leave out --detach or ${flag}`,
  });
});
