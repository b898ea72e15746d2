import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HttpClient } from '../../../../src/images/transfer/http/http-client.ts';
import { Incoming } from '../../../../src/images/transfer/incoming.ts';
import { DEFAULT_LIMITS } from '../../../../src/images/transfer/http/transfer-limits.ts';
import { labWithFile } from './lab.ts';

const { lab, content } = await labWithFile('disk.raw', 20_000_000);

async function startedAt(path: string, use: (incoming: Incoming) => Promise<void>): Promise<void> {
  using client = new HttpClient(DEFAULT_LIMITS);
  const answer = await client.get(new URL(`${lab.server.url}/${path}`), {}, undefined);
  await use(new Incoming(answer));
  answer.body.on('error', () => undefined).destroy();
}

/** With a stated length, the body bypasses the parser; in chunks, it does not. */
const PATHS = ['disk.raw', 'chunked/disk.raw'];

test.each(PATHS)('%s is read completely by a reader that starts at once', async (path) => {
  await startedAt(path, async (incoming) => {
    const taken: Buffer[] = [];
    await incoming.giveTo((chunk) => void taken.push(Buffer.from(chunk)));
    expect(Buffer.concat(taken).equals(content)).toBe(true);
    expect(incoming.received).toBe(content.length);
  });
});

test.each(PATHS)('%s waits for a late and slow reader', async (path) => {
  await startedAt(path, async (incoming) => {
    let before = -1;
    // It is at most the buffered amount, although all of it could have arrived.
    await expect
      .poll(() => {
        const isStanding = before === incoming.received && before > 0;
        before = incoming.received;
        return isStanding;
      })
      .toBe(true);
    expect(incoming.received).toBeLessThan(4_000_000);
    const taken: Buffer[] = [];
    let isBusy = false;
    let interruptions = 0;
    await incoming.giveTo(async (chunk) => {
      taken.push(Buffer.from(chunk));
      // Buffered bytes come at once.
      if (isBusy && incoming.received > 4_000_000) interruptions++;
      isBusy = true;
      await nextTurn();
      isBusy = false;
    });
    expect(Buffer.concat(taken).equals(content)).toBe(true);
    expect(interruptions).toBe(0);
  });
});

test('a failing reader gets no more data', async () => {
  await startedAt('disk.raw', async (incoming) => {
    let calls = 0;
    const failing = incoming.giveTo(() => {
      calls++;
      throw new Error('no more');
    });
    await expect(failing).rejects.toThrow('no more');
    expect(calls).toBe(1);
  });
});
