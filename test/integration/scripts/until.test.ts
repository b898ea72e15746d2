import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { until } from '../../until.ts';

/** True at the second look, for which `until` must have some patience. */
function secondLook(): () => boolean {
  let looks = 0;
  return () => ++looks === 2;
}

const never = (): boolean => false;

describe('a wait that fails before the limit of its test', () => {
  const waited: string[] = [];
  afterEach(async ({ task }) => {
    if (task.fails !== true) return;
    await until(secondLook());
    waited.push('afterEach');
  });

  it.fails('says what it waited for', { timeout: 500 }, async () => {
    onTestFinished(async () => {
      await until(secondLook());
      waited.push('onTestFinished');
    });
    try {
      await until(never, { awaited: 'pigs fly' });
    } catch (error) {
      waited.push((error as Error).message);
      await until(secondLook());
      waited.push('the rest of the test');
      throw error;
    }
  });

  it('leaves time to those that follow it', () => {
    expect(waited).toEqual([
      'still waiting until pigs fly',
      'the rest of the test',
      'afterEach',
      'onTestFinished',
    ]);
  });
});

it('waits in a test without a limit', { timeout: 0 }, async () => {
  await until(secondLook());
});

it('fails in time although a test fakes the clocks', { timeout: 5000 }, async () => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  await expect(until(never)).rejects.toThrow('still waiting until');
});

describe('concurrent tests', () => {
  let reason: unknown;

  it.concurrent.fails('end at their own limit', { timeout: 200 }, async ({ signal }) => {
    await until(never, { signal }).catch((error: unknown) => {
      reason = error;
      throw error;
    });
  });

  it('do not fail at that of another', async () => {
    await until(() => reason);
    expect((reason as Error).message).toContain('timed out');
  });
});
