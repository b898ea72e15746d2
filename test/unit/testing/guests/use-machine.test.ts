import { expect, it } from 'vitest';
import { InvalidInputError, PoolNotFoundError } from '../../../../src/errors/index.ts';
import { useMachine } from '../../../../src/testing/guests/use-machine.ts';

it('rejects a second guest with the label of another, and no second call for the same', async () => {
  const context = { name: 'a test', after: () => undefined };
  const setup = () => ({ pool: 'absent-pool-of-a-unit-test' });
  await expect(useMachine(context, setup())).rejects.toThrow(PoolNotFoundError);
  await expect(useMachine(context, setup())).rejects.toThrow(PoolNotFoundError);
  for (const other of [{ pool: 'another' }, { ports: ['80'] }, {}]) {
    const second = useMachine(context, other as { readonly ports: string[] });
    await expect(second).rejects.toThrow(InvalidInputError);
    await expect(second).rejects.toThrow('label: the test has a guest "vm" with another setup');
  }
  const failing = useMachine(context, setup(), 'db');
  await expect(failing).rejects.toThrow(PoolNotFoundError);
  await expect(failing).rejects.toThrow(
    /^guest "db": no such pool: absent-pool-of-a-unit-test\nhint: .*vmlet pool/,
  );
});
