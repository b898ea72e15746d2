import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ImageBuildError } from '../../../../src/errors/index.ts';
import { sha256 } from '../../../../src/images/digest/sha256.ts';
import { digestOfAgent } from '../../../../src/images/record/agent-file.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

// The sizes differ, because the time of a change is coarse in older kernels.
it('digests the agent again once its file was written or replaced', async () => {
  const { path: top, remove } = makeTemporaryDirectory();
  try {
    const agent = join(top, 'agent');
    for (const text of ['one', 'one', 'three']) {
      writeFileSync(agent, text);
      expect(await digestOfAgent(agent)).toBe(sha256(Buffer.from(text)));
    }
    writeFileSync(join(top, 'other'), 'newest');
    expect(await digestOfAgent(join(top, 'other'))).toBe(sha256(Buffer.from('newest')));
    renameSync(join(top, 'other'), agent);
    expect(await digestOfAgent(agent)).toBe(sha256(Buffer.from('newest')));
  } finally {
    remove();
  }
});

it('explains a missing agent', async () => {
  await expect(digestOfAgent('/nonexistent/agent')).rejects.toThrow(ImageBuildError);
});
