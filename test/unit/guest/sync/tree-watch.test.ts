import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TreeWatch } from '../../../../src/guest/sync/tree-watch.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const top = temporaryDirectory();
const never = new AbortController().signal;
const noLimit = (): void => undefined;

describe('a watched tree', () => {
  it('reports changes while a program writes continuously', async () => {
    const root = directoryIn(top, 'watched-');
    using watcher = new TreeWatch(root, noLimit);
    watcher.add('', 'one');
    const writing = setInterval(() => writeFileSync(join(root, 'log'), 'x'), 5);
    try {
      expect(await watcher.next(never)).toEqual(new Set(['']));
    } finally {
      clearInterval(writing);
    }
  });

  it('returns without changes if another pass is needed', async () => {
    using watcher = new TreeWatch(directoryIn(top, 'watched-'), noLimit);
    expect(await watcher.next(never, true)).toEqual(new Set());
  });

  it('waits for a change otherwise', async () => {
    using watcher = new TreeWatch(directoryIn(top, 'watched-'), noLimit);
    const reason = new Error('enough');
    await expect(watcher.next(AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
