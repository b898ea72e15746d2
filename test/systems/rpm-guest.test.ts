import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { serveDirectory } from '../../fixtures/http/server.ts';
import { Scope } from '../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { start } from '../e2e/command.ts';

const MAKE = join(import.meta.dirname, '../../fixtures/images/rpm-repository/make');
const ASKED = process.env['VMLET_TEST_RPM_GUEST'] === '1';
if (!ASKED)
  console.warn('skipped: booting a guest of made-up RPM packages takes minutes: VMLET_TEST_RPM_GUEST=1');

// The packages have Fedora's names and Debian's files: dnf, our steps and the boot are real, Fedora is not.
it.runIf(ASKED)('boots a system installed by dnf', { timeout: 900_000 }, async () => {
  await using scope = new Scope();
  const { path, remove } = makeTemporaryDirectory();
  scope.defer(remove);
  const repository = join(path, 'repository');
  execFileSync(MAKE, [repository, '43', 'debian'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { url } = await serveDirectory(repository, scope);
  const env = { XDG_DATA_HOME: join(path, 'data'), XDG_CACHE_HOME: join(path, 'cache') };
  const from = ['--mirror', url, '--key', join(repository, 'key.asc')];
  const built = await start(
    ['image', 'build', 'fedora:43', ...from, '--include', 'made-up-web', '--size', '2G', '-o', 'made-up'],
    { env },
  ).finished;
  expect(built).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) as unknown,
  });
  const inspected = await start(['image', 'inspect', 'made-up'], { env }).finished;
  const { images } = JSON.parse(inspected.stdout) as { images: unknown[] };
  const packages: unknown = expect.arrayContaining([{ name: 'made-up-web', version: '1-1' }]);
  expect(images).toEqual([expect.objectContaining({ sources: packages })]);
  const look =
    'cat /usr/lib/fedora-release; made-up-web; systemctl is-system-running --wait; systemctl --failed --quiet';
  const run = await start(['run', '--boot-timeout', '8m', 'made-up', '--', 'sh', '-c', look], { env })
    .finished;
  expect(run).toMatchObject({ status: 0, stdout: 'Fedora release 43 (made up)\nmade up\nrunning\n' });
});
