import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors.ts';
import { explainPasstFailure, isRefusedForward } from '../../../src/passt/start-failure.ts';

it('explains why passt of 2023 takes no two addresses for one port number', async () => {
  const line = 'Overlapping port specifier 127.0.0.1/2224:22';
  expect(isRefusedForward(line)).toBe(true);
  const explained = explainPasstFailure([line], { exitCode: 1, signal: undefined }, []);
  await expect(explained).rejects.toBeInstanceOf(InvalidInputError);
  await expect(explained).rejects.toThrow(/127\.0\.0\.1\/2224:22.*from one address alone/);
});
