import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { syncIntoGuest } from '../../../../src/machines/guest/sync.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { localAgent } from '../../guest/sync/local-agent.ts';

const top = temporaryDirectory();

describe('synchronising', () => {
  it.each(['/', '//', '/.', '/srv/..', '/proc', '/sys/fs', '/dev/./shm', '//dev'])(
    'rejects the target %s',
    async (target) => {
      const source = directoryIn(top, 'host-');
      await expect(syncIntoGuest(localAgent(), source, target, {})).rejects.toThrow(/cannot be synchronised/);
    },
  );

  it('watches without a signal until the source is removed', async () => {
    const source = directoryIn(top, 'host-');
    const target = directoryIn(top, 'guest-');
    let count = 0;
    const onPass = (): void => {
      count += 1;
      if (count === 1) writeFileSync(join(source, 'a'), 'one');
      else if (existsSync(join(target, 'a'))) rmSync(source, { recursive: true, force: true });
    };
    await expect(syncIntoGuest(localAgent(), source, target, { watch: true, onPass })).rejects.toThrow(
      `the directory was removed: ${source}`,
    );
    expect(count).toBeGreaterThan(1);
  });
});
