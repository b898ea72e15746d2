import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ProgramAnswerError } from '../../../../src/errors/index.ts';
import { copyFileSparsely } from '../../../../src/images/formats/sparse-copy.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const from = join(directory, 'from');
writeFileSync(from, 'what is in it');

test('copies a file', async () => {
  const to = join(directory, 'to');
  await copyFileSparsely(from, to, undefined);
  expect(readFileSync(to, 'utf8')).toBe('what is in it');
});

test('copies a file where cp knows neither reflinks nor holes, as in Debian 12’s busybox', async () => {
  const cp = join(directory, 'cp');
  const reject = 'echo "cp: unrecognized option: $1" >&2; exit 1';
  writeFileSync(cp, `#!/bin/sh\ncase $1 in --?*) ${reject} ;; esac\nexec /bin/cp "$@"\n`);
  chmodSync(cp, 0o755);
  vi.stubEnv('PATH', `${directory}${delimiter}${process.env['PATH'] ?? ''}`);
  const to = join(directory, 'by-busybox');
  await copyFileSparsely(from, to, undefined);
  expect(readFileSync(to, 'utf8')).toBe('what is in it');
  vi.unstubAllEnvs();
});

test.each(['exit 0', 'for to; do :; done; printf part > "$to"'])(
  'detects a cp that falsely reports success (%s)',
  async (script) => {
    const cp = join(directory, 'cp');
    writeFileSync(cp, `#!/bin/sh\n${script}\n`);
    chmodSync(cp, 0o755);
    vi.stubEnv('PATH', `${directory}${delimiter}${process.env['PATH'] ?? ''}`);
    const to = join(directory, 'refused');
    await expect(copyFileSparsely(from, to, undefined)).rejects.toBeInstanceOf(ProgramAnswerError);
    expect(existsSync(to)).toBe(false);
    vi.unstubAllEnvs();
  },
);
