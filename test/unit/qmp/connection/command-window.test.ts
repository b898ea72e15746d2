import { describe, expect, test } from 'vitest';
import { CommandWindow, type Outcome } from '../../../../src/qmp/connection/command-window.ts';
import type { Limits } from '../../../../src/util/time/deadline.ts';

const nothing = (): Outcome => ({ failed: false, value: undefined });

class Harness {
  readonly sent: { name: string; id: number | undefined }[] = [];
  readonly window = new CommandWindow((text) => {
    const {
      execute,
      'exec-oob': outOfBand,
      id,
    } = JSON.parse(text) as Record<string, string> & { id?: number };
    this.sent.push({ name: execute ?? outOfBand ?? '', id });
  });

  async run(name: string, outOfBand = false, limits: Limits = {}): Promise<unknown> {
    const head = `{"${outOfBand ? 'exec-oob' : 'execute'}":"${name}"`;
    const outcome = await new Promise<Outcome>((settle) =>
      this.window.run({ name, outOfBand, head, limits }, settle),
    );
    if (outcome.failed) throw outcome.explain();
    return outcome.value;
  }

  answer(index: number): boolean {
    const { id, name } = this.sent[index]!;
    return this.window.settleReply(id, () => ({ failed: false, value: `answer to ${name}` }));
  }
}

describe('a window of commands', () => {
  test('sends 8 in-band, lets out-of-band pass, and the next when one is answered', async () => {
    const harness = new Harness();
    const results = Array.from({ length: 10 }, async (_, index) => harness.run(`c${index}`));
    void harness.run('urgent', true);
    expect(harness.sent.map(({ name }) => name)).toEqual([
      'c0',
      'c1',
      'c2',
      'c3',
      'c4',
      'c5',
      'c6',
      'c7',
      'urgent',
    ]);
    expect(harness.answer(3)).toBe(true);
    expect(await results[3]).toBe('answer to c3');
    expect(harness.sent.at(-1)?.name).toBe('c8');
    expect(new Set(harness.sent.map(({ id }) => id)).size).toBe(10);
  });

  test('holds in-band commands, and sends as many as fit when it is released', () => {
    const harness = new Harness();
    harness.window.hold();
    for (let index = 0; index < 10; index++) void harness.run(`c${index}`);
    void harness.run('urgent', true);
    expect(harness.sent.map(({ name }) => name)).toEqual(['urgent']);
    harness.window.release();
    expect(harness.sent.slice(1).map(({ name }) => name)).toEqual(
      Array.from({ length: 8 }, (_, index) => `c${index}`),
    );
    harness.window.hold();
    expect(harness.answer(1)).toBe(true);
    expect(harness.sent).toHaveLength(9);
  });

  test('detects a reply that was not requested', () => {
    const harness = new Harness();
    void harness.run('one');
    expect(harness.window.settleReply(99, nothing)).toBe(false);
    expect(harness.window.settleReply('0', nothing)).toBe(false);
    expect(harness.answer(0)).toBe(true);
    expect(harness.answer(0)).toBe(false);
  });

  test('a timed-out command keeps its place until QEMU answers, a queued one is never sent', async () => {
    const harness = new Harness();
    const abort = new AbortController();
    const failures = Array.from({ length: 9 }, async (_, index) =>
      harness.run(`c${index}`, false, { signal: abort.signal }).catch((error: unknown) => error),
    );
    const reason = new Error('enough');
    abort.abort(reason);
    expect(await Promise.all(failures)).toEqual(Array(9).fill(reason));
    const next = harness.run('next');
    expect(harness.sent).toHaveLength(8);
    harness.answer(0);
    expect(harness.sent.at(-1)?.name).toBe('next');
    harness.answer(8);
    expect(await next).toBe('answer to next');
  });

  test('only a command that is alone at QEMU has no id, and its reply is matched', async () => {
    const harness = new Harness();
    const alone = harness.run('alone');
    const second = harness.run('second');
    expect(harness.sent[0]?.id).toBeUndefined();
    expect(harness.sent[1]?.id).toBeTypeOf('number');
    harness.answer(1);
    harness.answer(0);
    expect(await Promise.all([alone, second])).toEqual(['answer to alone', 'answer to second']);
    void harness.run('urgent', true);
    expect(harness.sent[2]?.id).toBeTypeOf('number');
  });

  test('an error without an id belongs to the oldest in-band command', () => {
    const harness = new Harness();
    expect(harness.window.oldestId()).toBeUndefined();
    void harness.run('urgent', true);
    expect(harness.window.oldestId()).toBe(harness.sent[0]?.id);
    void harness.run('one');
    void harness.run('two');
    expect(harness.window.oldestId()).toBe(harness.sent[1]?.id);
  });
});
