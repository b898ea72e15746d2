import { existsSync, readFileSync, rmSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';
import { readFat } from '../../../../src/images/formats/fat-contents.ts';
import { writeSeedDisk } from '../../../../src/machine/plan/seed-disk.ts';
import { renameMachine } from '../../../../src/machines/life/rename.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
beforeEach(() => rmSync(directory, { recursive: true, force: true }));

/** Renames "web" to "shop", and returns its seed's files. */
async function seedAfter(hostname: string | undefined): Promise<ReadonlyMap<string, Uint8Array>> {
  const { locations, definition } = storedMachine(directory, { hasSeed: true });
  const { spec, files } = definition;
  await writeSeedDisk(files.seed, {
    seed: parseSeedOptions(hostname === undefined ? {} : { hostname }),
    // FreeBSD, for which no agent is needed.
    guest: { provisioner: 'nuageinit', agent: false } as never,
    instanceId: spec.uuid,
    hostname: spec.name,
    macAddress: spec.mac,
  });
  await renameMachine(locations, 'web', 'shop');
  const renamed = machineFiles(locations, 'shop', spec.id);
  expect(existsSync(files.directory)).toBe(false);
  expect(existsSync(`${renamed.seed}.new`)).toBe(false);
  return readFat(readFileSync(renamed.seed)).files;
}

const metaDataOf = (files: ReadonlyMap<string, Uint8Array>) =>
  parse(Buffer.from(files.get('meta-data') ?? '').toString()) as Record<string, unknown>;

test('a rename changes the host name that the seed sets at each boot', async () => {
  expect(metaDataOf(await seedAfter(undefined))).toMatchObject({
    'local-hostname': 'shop',
    'instance-id': '2b0e9b5c-0f0f-4b7c-9d5c-3a1f5a2f8a11',
  });
});

test('a rename keeps a host name that the user has chosen', async () => {
  expect(metaDataOf(await seedAfter('front'))).toHaveProperty('local-hostname', 'front');
});

test('a machine without a seed gets none', async () => {
  const { locations } = storedMachine(directory);
  await renameMachine(locations, 'web', 'shop');
  expect(existsSync(machineFiles(locations, 'shop', '01234567').seed)).toBe(false);
});
