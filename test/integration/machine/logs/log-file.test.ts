import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type LoggedEvent, followEvents, readEvents } from '../../../../src/machine/life/event-log.ts';
import { type FollowLogOptions, followLog, readLog } from '../../../../src/machine/logs/log-file.ts';
import { run } from '../../../../src/process/run.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const flood = new URL('../../../../fixtures/logs/flood.mjs', import.meta.url).pathname;
let files = 0;

function newPath(): string {
  return join(directory, `log-${files++}`);
}

function readAll(path: string, tailLines?: number): string {
  return Buffer.concat([...readLog(path, { tailLines })]).toString();
}

/** Follows in the background; `until` resolves when the text so far satisfies it. */
class Follower {
  text = '';
  readonly done: Promise<void>;
  readonly #stop = deferred<undefined>();
  #onText = (): void => undefined;

  constructor(path: string, options: FollowLogOptions = {}) {
    this.done = this.#follow(path, options);
  }

  async until(satisfied: (text: string) => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#onText = () => satisfied(this.text) && resolve();
      this.#onText();
      this.done.then(() => reject(new Error(`it ended with ${JSON.stringify(this.text)}`)), reject);
    });
  }

  /** The whole text, once all present bytes have been read. */
  async stop(): Promise<string> {
    this.#stop.resolve(undefined);
    await this.done;
    return this.text;
  }

  async #follow(path: string, options: FollowLogOptions): Promise<void> {
    for await (const chunk of followLog(path, { until: this.#stop.promise, ...options })) {
      this.text += chunk.toString();
      this.#onText();
    }
  }
}

describe('reading a log', () => {
  test('returns the older file before the newer one, and nothing if neither exists', () => {
    const path = newPath();
    expect(readAll(path)).toBe('');
    writeFileSync(`${path}.1`, 'old\n');
    expect(readAll(path)).toBe('old\n');
    writeFileSync(path, 'new\n');
    expect(readAll(path)).toBe('old\nnew\n');
  });

  test('returns the same last lines however they are split between the two files', () => {
    const path = newPath();
    const long = 'x'.repeat(70_000);
    for (const text of ['a\nb\nc\nd\n', 'a\nb\nc\nd', '\n\n\n', '', '\n', `a\n${long}\nb\n${long}`]) {
      for (let cut = 0; cut <= text.length; cut += text.length > 100 ? 7_001 : 1) {
        writeFileSync(`${path}.1`, text.slice(0, cut));
        writeFileSync(path, text.slice(cut));
        const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
        for (let count = 0; count <= lines.length + 1; count++) {
          const expected = count === 0 ? '' : lines.slice(-count).join('');
          expect(readAll(path, count) === expected, `${count} of ${lines.length} lines, cut at ${cut}`).toBe(
            true,
          );
        }
      }
    }
  });
});

describe('following a log', () => {
  test('starts with the last lines, and continues with new ones', async () => {
    const path = newPath();
    writeFileSync(path, 'one\ntwo\nthree');
    const follower = new Follower(path, { tailLines: 2 });
    await follower.until((text) => text === 'two\nthree');
    appendFileSync(path, '\nfour\n');
    await follower.until((text) => text === 'two\nthree\nfour\n');
    expect(await follower.stop()).toBe('two\nthree\nfour\n');
  });

  test('waits for the file and its directory', async () => {
    const folder = newPath();
    const path = join(folder, 'serial.log');
    const follower = new Follower(path);
    mkdirSync(folder);
    writeFileSync(path, 'first\n');
    await follower.until((text) => text === 'first\n');
    await follower.stop();
  });

  test('moves from a renamed file to the next, and reads what was added to both', async () => {
    const path = newPath();
    writeFileSync(path, 'a\n');
    const follower = new Follower(path);
    await follower.until((text) => text === 'a\n');
    appendFileSync(path, 'b\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'c\n');
    await follower.until((text) => text === 'a\nb\nc\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'd\n');
    expect(await follower.stop()).toBe('a\nb\nc\nd\n');
  });

  test('reads files that were replaced while the reader was slow', async () => {
    const path = newPath();
    writeFileSync(path, '0\n');
    const end = deferred<undefined>();
    const gaps: number[] = [];
    const log = followLog(path, { until: end.promise, onPossibleGap: () => gaps.push(1) });
    expect((await log.next()).value?.toString()).toBe('0\n');
    for (let file = 1; file <= 5; file++) {
      renameSync(path, `${path}.1`);
      writeFileSync(path, `${file}\n`);
      // The watch reports through the event loop, which gets no other turn here.
      await new Promise((resolve) => setImmediate(resolve));
    }
    end.resolve(undefined);
    let text = '';
    for await (const chunk of log) text += chunk.toString();
    expect(text).toBe('1\n2\n3\n4\n5\n');
    expect(gaps).toEqual([]);
  });

  test.each([
    ['', '2\n3\n'],
    [', the last one put aside just now', '3\n'],
  ])('reports that files may have been missed%s', async (putAside, expected) => {
    const path = newPath();
    writeFileSync(path, '0\n');
    const end = deferred<undefined>();
    let gaps = 0;
    const log = followLog(path, { until: end.promise, onPossibleGap: () => gaps++ });
    await log.next();
    for (let file = 1; file <= 3; file++) {
      renameSync(path, `${path}.1`);
      writeFileSync(path, `${file}\n`);
    }
    if (putAside !== '') renameSync(path, `${path}.1`);
    end.resolve(undefined);
    let text = '';
    for await (const chunk of log) text += chunk.toString();
    expect(text).toBe(expected);
    expect(gaps).toBe(1);
  });

  test('starts again when a file is truncated, or removed and created again', async () => {
    const path = newPath();
    writeFileSync(path, 'long enough\n');
    const follower = new Follower(path);
    await follower.until((text) => text === 'long enough\n');
    truncateSync(path);
    appendFileSync(path, 'a\n');
    await follower.until((text) => text === 'long enough\na\n');
    rmSync(path);
    writeFileSync(path, 'b\n');
    await follower.until((text) => text === 'long enough\na\nb\n');
    await follower.stop();
  });

  test('rejects with the reason of its signal', async () => {
    const path = newPath();
    const abort = new AbortController();
    const follower = new Follower(path, { signal: abort.signal });
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(follower.done).rejects.toBe(reason);
    await expect(new Follower(path, { signal: abort.signal }).done).rejects.toBe(reason);
  });

  test('neither loses nor repeats anything in a flood', async () => {
    const path = newPath();
    let gaps = 0;
    const follower = new Follower(path, { onPossibleGap: () => gaps++ });
    const lines = 1_200_000;
    await run([process.execPath, flood, path, String(4 * 1024 * 1024), String(lines), '65536']);
    const text = await follower.stop();
    expect(gaps).toBe(0);
    expect(text === Array.from({ length: lines }, (_, line) => `line ${line}\n`).join('')).toBe(true);
  });

  test('repeats nothing, and reports possible losses, when each file lasts a millisecond', async () => {
    const path = newPath();
    let gaps = 0;
    const follower = new Follower(path, { onPossibleGap: () => gaps++ });
    const lines = 200_000;
    await run([process.execPath, flood, path, '65536', String(lines), '1024']);
    const numbers = (await follower.stop())
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.replace('line ', '')));
    expect(numbers.findIndex((number, index) => !(number > (numbers[index - 1] ?? -1)))).toBe(-1);
    expect(numbers.at(-1)).toBe(lines - 1);
    if (gaps === 0) expect(numbers).toHaveLength(lines);
  });
});

describe('events', () => {
  const line = (event: string, seconds = 1): string =>
    `${JSON.stringify({ event, timestamp: { seconds, microseconds: 2 } })}\n`;

  test('are read from both files, and invalid ones are counted', async () => {
    const path = newPath();
    writeFileSync(`${path}.1`, `${line('RESET')}{"event":"STO\n`);
    writeFileSync(
      path,
      `${line('STOP')}\nnull\n{"event":1}\n{"event":"BIG","data":{"n":18446744073709551615},"timestamp":{"seconds":1,"microseconds":0}}\n{"event":"half"`,
    );
    const log = readEvents(path);
    const events: LoggedEvent[] = [];
    for await (const event of log) events.push(event);
    expect(events.map(({ event }) => event)).toEqual(['RESET', 'STOP', 'BIG']);
    expect(events[2]?.data).toEqual({ n: 18446744073709551615n });
    expect(log.skipped).toBe(3);
  });

  test('with an endless line take no memory, and the next line is read', async () => {
    const path = newPath();
    writeFileSync(path, `${'x'.repeat(3 * 1024 * 1024)}\n${line('STOP')}`);
    const log = readEvents(path);
    const events: LoggedEvent[] = [];
    for await (const event of log) events.push(event);
    expect(events.map(({ event }) => event)).toEqual(['STOP']);
    expect(log.skipped).toBe(1);
  });

  test('are followed through a rename', async () => {
    const path = newPath();
    writeFileSync(path, line('STOP'));
    const end = deferred<undefined>();
    const seen: string[] = [];
    for await (const { event } of followEvents(path, { until: end.promise })) {
      seen.push(event);
      if (event === 'RESUME') end.resolve(undefined);
      else if (seen.length === 1) {
        renameSync(path, `${path}.1`);
        writeFileSync(path, line('RESUME'));
      }
    }
    expect(seen).toEqual(['STOP', 'RESUME']);
  });
});
