import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { PortTakenError } from '../../../../src/errors/index.ts';
import { withPortChoices } from '../../../../src/network/ports/port-choices.ts';

const chosen = new PortTakenError('127.0.0.1:40000/tcp', true, undefined);
const given = new PortTakenError('127.0.0.1:8080/tcp', false, undefined);

/** Fails the given number of times, and counts the starts. */
class Attempts {
  starts = 0;
  readonly #failures: number;
  readonly #error: Error;

  constructor(failures: number, error: Error) {
    this.#failures = failures;
    this.#error = error;
  }

  readonly start = async (): Promise<string> => {
    if (++this.starts <= this.#failures) throw this.#error;
    return Promise.resolve('started');
  };
}

it.each([0, 1, 2])('restarts for each of %d chosen ports that another process took', async (failures) => {
  const attempts = new Attempts(failures, chosen);
  expect(await withPortChoices(undefined, attempts.start)).toBe('started');
  expect(attempts.starts).toBe(failures + 1);
});

describe('gives up', () => {
  it.each([
    ['after three choices', chosen, 3],
    ['at once if the user gave the port', given, 1],
    ['at once for other failures', new Error('no QEMU'), 1],
  ])('%s', async (_, error, starts) => {
    const attempts = new Attempts(Infinity, error);
    await expect(withPortChoices(undefined, attempts.start)).rejects.toBe(error);
    expect(attempts.starts).toBe(starts);
  });
});

it('logs each lost port', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  await withPortChoices(log, new Attempts(2, chosen).start);
  expect(lines).toHaveLength(2);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'a chosen port was taken; choosing again',
    err: { message: chosen.message },
  });
});
