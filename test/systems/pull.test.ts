import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { Publisher } from '../publisher.ts';
import { start } from '../e2e/command.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';

const BOOT_TIMEOUT_MS = 600_000;
const BUILD = '20261120-1234';
const IMAGE = `debian-13-genericcloud-amd64-${BUILD}.qcow2`;
const ON_SITE = '/images/cloud/trixie';

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('an image of the catalogue, from a mirror on loopback', () => {
  let publisher: Publisher;
  let home: ReturnType<typeof makeTemporaryDirectory>;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const guest = await debianGuest();
    home = makeTemporaryDirectory();
    publisher = await Publisher.start();
    publisher.publishFile(`${ON_SITE}/${BUILD}/${IMAGE}`, guest.path);
    const description = await describeBuild(guest.path);
    publisher.publish(`${ON_SITE}/latest/debian-13-genericcloud-amd64.json`, description, 'application/json');
    env = Object.fromEntries(
      ['data', 'cache', 'config', 'state'].map((kind) => [
        `XDG_${kind.toUpperCase()}_HOME`,
        join(home.path, kind),
      ]),
    );
    copyProbedHost(join(home.path, 'cache/vmlet'));
    mkdirSync(join(home.path, 'config/vmlet'), { recursive: true });
    const mirrors = `mirrors:\n  https://cloud.debian.org/: [${publisher.url}/]\n`;
    writeFileSync(join(home.path, 'config/vmlet/images.yaml'), mirrors);
  }, DEBIAN_GUEST_TIMEOUT_MS);

  afterAll(async () => {
    await publisher[Symbol.asyncDispose]();
    home.remove();
  });

  it(
    'is pulled, verified, gets the agent at its first boot, and runs the command',
    async () => {
      const run = await start(['run', 'debian:13', '--', 'cat', '/etc/os-release'], { env }).finished;
      expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('VERSION_ID="13"') as string });
      const listed = await start(['image', 'ls', '--json'], { env }).finished;
      const { images } = JSON.parse(listed.stdout) as { images: object[] };
      expect(images).toMatchObject([
        { names: ['debian:13'], kind: 'disk', origin: { kind: 'pulled', verification: 'digest' } },
      ]);
      expect(publisher.count(`${ON_SITE}/${BUILD}/${IMAGE}`)).toBe(1);
    },
    BOOT_TIMEOUT_MS,
  );
});

/** A description of a build in Debian’s format. */
async function describeBuild(path: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  const upload = {
    apiVersion: 'cloud.debian.org/v1alpha1',
    kind: 'Upload',
    metadata: { annotations: { 'cloud.debian.org/digest': `sha512:${hash.digest('base64')}` } },
    data: { provider: 'cloud.debian.org', ref: `trixie/${BUILD}/${IMAGE}` },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [upload] });
}
