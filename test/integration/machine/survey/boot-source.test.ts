import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DownloadError, FirmwareNotFoundError } from '../../../../src/errors/index.ts';
import { firmwareDirectories } from '../../../../src/host/firmware/firmware-descriptor.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import type { LaunchOptions } from '../../../../src/machine/spec/launch-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { findBootSource } from '../../../../src/machine/survey/boot-source.ts';
import type { BootSource } from '../../../../src/machine/survey/found-spec.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { Publisher, sha256, webEntry } from '../../../publisher.ts';

const LIST = '/web/SHA256SUMS';
const FILE = '/web/web.qcow2';

const top = temporaryDirectory();
let home: string;
let publisher: Publisher;

beforeEach(async () => {
  home = directoryIn(top, 'home-');
  vi.stubEnv('XDG_CONFIG_HOME', home);
  publisher = await Publisher.start();
  publisher.publish(LIST, `${sha256(Buffer.from('a disk'))}  web.qcow2\n`, 'text/plain');
  mkdirSync(join(home, 'vmlet'));
  const entry = { ...webEntry(publisher), firmware: 'uefi' };
  writeFileSync(join(home, 'vmlet', 'images.yaml'), JSON.stringify({ images: { 'web:1': entry } }));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await publisher[Symbol.asyncDispose]();
});

/** An empty descriptor in the user's directory hides one of the same name. */
function hideFirmware(): void {
  const [own = '', ...others] = firmwareDirectories(process.env, home).reverse();
  mkdirSync(own, { recursive: true });
  for (const directory of others) {
    try {
      for (const name of readdirSync(directory)) writeFileSync(join(own, name), '');
    } catch {
      // A host without firmware lacks the directory.
    }
  }
}

async function find(options: LaunchOptions): Promise<BootSource> {
  const locations = locate({ XDG_CONFIG_HOME: home }, home, 0);
  const context = { locations, signal: undefined, onProgress: undefined, pull: 'missing' } as const;
  return findBootSource(parseSpec(options), context);
}

describe('an image that needs UEFI', () => {
  it('is not downloaded to a host without its firmware', async () => {
    hideFirmware();
    await expect(find({ image: 'web:1' })).rejects.toThrow(FirmwareNotFoundError);
    expect(publisher.requests).toEqual([LIST]);
  });

  it('is downloaded if the user asks for BIOS', async () => {
    hideFirmware();
    await expect(find({ image: 'web:1', firmware: 'bios' })).rejects.toThrow(DownloadError);
    expect(publisher.requests).toContain(FILE);
  });
});
