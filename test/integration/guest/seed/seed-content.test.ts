import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseSeedOptions } from '../../../../src/guest/seed/seed-options.ts';
import { type FatContents, readFat } from '../../../../src/images/formats/fat-contents.ts';
import type { GuestDescription } from '../../../../src/images/record/guest-description.ts';
import {
  type SeedMachine,
  copySeedDisk,
  defaultLogin,
  needsSeed,
  seedContent,
  writeSeedDisk,
} from '../../../../src/machine/plan/seed-disk.ts';
import { sha256 } from '../../../../src/images/digest/sha256.ts';
import { temporaryDirectory } from '../../../directory.ts';

const guest: GuestDescription = {
  user: 'debian',
  firmware: 'bios',
  cpu: 'x86-64',
  provisioner: 'cloud-init',
  agent: false,
};
const machine: SeedMachine = {
  seed: undefined,
  guest,
  instanceId: 'i-1',
  hostname: 'web',
  macAddress: undefined,
};
const imageOf = (changes: Partial<GuestDescription>) => ({
  name: 'debian:13',
  guest: { ...guest, ...changes },
});

describe('a machine', () => {
  const seed = parseSeedOptions({});

  it('needs a seed if the user gives first-boot options or the image has no agent', () => {
    expect(needsSeed(undefined, undefined)).toBe(false);
    expect(needsSeed(seed, undefined)).toBe(true);
    expect(needsSeed(undefined, imageOf({}))).toBe(true);
    expect(needsSeed(undefined, imageOf({ agent: true }))).toBe(false);
    expect(needsSeed(seed, imageOf({ agent: true }))).toBe(true);
    expect(needsSeed(undefined, imageOf({ provisioner: 'tiny-cloud' }))).toBe(true);
  });

  it('has no seed if nothing in the image reads one', () => {
    expect(needsSeed(undefined, imageOf({ provisioner: 'none' }))).toBe(false);
    const asked = (): unknown => needsSeed(seed, imageOf({ provisioner: 'none' }));
    expect(asked).toThrow(InvalidInputError);
    expect(asked).toThrow('seed: requires cloud-init, which is not installed in image "debian:13"');
  });

  it('has a login with the host user’s name, or the image’s own root', () => {
    const { username } = userInfo();
    const isLogin = username !== 'root' && /^[a-z_][a-z0-9_-]{0,31}$/.test(username);
    expect(defaultLogin(guest)).toBe(isLogin ? username : 'debian');
    expect(defaultLogin(undefined)).toBe(isLogin ? username : 'root');
    expect(defaultLogin({ ...guest, user: undefined })).toBe(isLogin ? username : 'root');
  });
});

describe('the contents of a machine’s seed disk', () => {
  const metaData = async (changes: Partial<SeedMachine>): Promise<unknown> => {
    const { files } = await seedContent({ ...machine, ...changes });
    return parse(Buffer.from(files.get('meta-data')!).toString());
  };

  it('name the guest after the machine, or as the user says', async () => {
    const hostname = 'x'.repeat(63);
    expect(await metaData({ hostname })).toMatchObject({ 'local-hostname': hostname });
    const seed = parseSeedOptions({ hostname: 'db.example.org' });
    expect(await metaData({ seed })).toMatchObject({ 'local-hostname': 'db.example.org' });
  });

  it('include the agent if it runs there, and the label that its reader looks for', async () => {
    const linux = await seedContent(machine);
    expect(linux.label).toBe('CIDATA');
    expect(Buffer.from(linux.files.get('vmlet-agent')!).subarray(0, 4).toString()).toBe('\x7fELF');
    const bsd = await seedContent({ ...machine, guest: { ...guest, provisioner: 'nuageinit' } });
    expect(bsd.label).toBe('cidata');
    expect([...bsd.files.keys()]).toEqual(['meta-data', 'user-data']);
    // The contents of a user’s disk are unknown; its owner states that it has cloud-init.
    expect((await seedContent({ ...machine, guest: undefined })).label).toBe('CIDATA');
  });
});

describe("a machine's seed disk", () => {
  const directory = temporaryDirectory();

  it('is readable by its owner only, and replaces no file', async () => {
    const path = join(directory, 'of my own: "seed"');
    await writeSeedDisk(path, machine);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const content = readFileSync(path);
    // The boot sector, with the label in it.
    expect([content.readUInt16LE(510), content.toString('latin1', 43, 54)]).toEqual([0xaa55, 'CIDATA     ']);
    await expect(writeSeedDisk(path, machine)).rejects.toThrow('EEXIST');
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('has a different number for each machine', async () => {
    const volumeId = async (name: string, instanceId: string): Promise<number> => {
      const path = join(directory, name);
      await writeSeedDisk(path, { ...machine, instanceId });
      return readFileSync(path).readUInt32LE(39);
    };
    expect(await volumeId('one', 'i-1')).toBe(await volumeId('same', 'i-1'));
    expect(await volumeId('other', 'i-2')).not.toBe(await volumeId('another', 'i-3'));
  });

  it('of a clone has the clone’s card and name, and the same instance', async () => {
    const macAddress = '52:54:00:ab:cd:ef';
    const path = join(directory, 'origin');
    const clone = {
      ...{ path: join(directory, 'clone'), macAddress: '52:54:00:98:76:54' },
      hostname: 'a-longer-name-than-its-origin-has',
    };
    const seed = parseSeedOptions({ hostname: 'db', userData: '#cloud-config\nruncmd: [[echo, web]]' });
    await writeSeedDisk(path, { ...machine, seed, macAddress });
    await copySeedDisk({ path, macAddress }, clone);
    expect(statSync(clone.path).mode & 0o777).toBe(0o600);
    const [origin, copy] = [path, clone.path].map((one) => readFat(readFileSync(one))) as [
      FatContents,
      FatContents,
    ];
    const text = ({ files }: FatContents, name: string): string =>
      Buffer.from(files.get(name) ?? '').toString();
    expect(parse(text(origin, 'meta-data'))).toMatchObject({ 'instance-id': 'i-1', 'local-hostname': 'db' });
    expect(parse(text(copy, 'meta-data'))).toEqual({
      ...(parse(text(origin, 'meta-data')) as object),
      'local-hostname': clone.hostname,
    });
    const network = text(origin, 'network-config');
    expect(network).toContain(`macaddress: ${macAddress}`);
    expect(text(copy, 'network-config')).toBe(network.replace(macAddress, clone.macAddress));
    const changed = ['meta-data', 'network-config'];
    const rest = ({ files, ...volume }: FatContents): unknown => ({
      ...volume,
      files: [...files]
        .filter(([name]) => !changed.includes(name))
        .map(([name, content]) => [name, sha256(content)]),
    });
    expect(rest(copy)).toEqual(rest(origin));
    await expect(copySeedDisk({ path, macAddress }, clone)).rejects.toThrow('EEXIST');
  });

  it('is rejected before anything is written', async () => {
    const path = join(directory, 'refused');
    const seed = parseSeedOptions({ userData: '#cloud-config\na: [' });
    await expect(writeSeedDisk(path, { ...machine, seed })).rejects.toThrow('userData: line 2, column ');
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });
});
