import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FirmwareNotFoundError } from '../../../../src/errors/index.ts';
import {
  type FirmwareDescriptors,
  firmwareDirectories,
  readFirmwareDescriptors,
} from '../../../../src/host/firmware/firmware-descriptor.ts';
import { type Firmware, type UefiKind, chooseFirmware } from '../../../../src/host/firmware/firmware.ts';
import { temporaryDirectory } from '../../../directory.ts';

const root = temporaryDirectory();
let count = 0;
let distribution: string;
let system: string;
let user: string;
/** The directory of the firmware files. */
let share: string;

beforeEach(() => {
  const top = join(root, String((count += 1)));
  [distribution, system, user, share] = [
    join(top, 'usr'),
    join(top, 'etc'),
    join(top, 'home'),
    join(top, 'share'),
  ];
  for (const directory of [distribution, system, user, share]) mkdirSync(directory, { recursive: true });
});

interface Description {
  readonly features?: readonly string[];
  readonly code?: string;
  readonly vars?: string;
  readonly format?: string;
  readonly machines?: readonly string[];
  readonly architecture?: string;
  readonly mode?: string;
  readonly interfaces?: readonly string[];
}

/** Also creates the flash files of a description. */
function describeFirmware(directory: string, name: string, of: Description): void {
  const { code = `${name}.code`, vars = `${name}.vars`, format = 'raw' } = of;
  for (const file of [code, vars]) writeFileSync(join(share, file), '');
  const descriptor = {
    description: name,
    'interface-types': of.interfaces ?? ['uefi'],
    mapping: {
      device: 'flash',
      ...(of.mode !== undefined && { mode: of.mode }),
      executable: { filename: join(share, code), format },
      ...(of.mode !== 'stateless' && { 'nvram-template': { filename: join(share, vars), format } }),
    },
    targets: [{ architecture: of.architecture ?? 'x86_64', machines: of.machines ?? ['pc-q35-*'] }],
    features: of.features ?? [],
    tags: [],
  };
  writeFileSync(join(directory, name), JSON.stringify(descriptor));
}

async function read(): Promise<FirmwareDescriptors> {
  return readFirmwareDescriptors([distribution, system, user]);
}

async function choose(wanted: UefiKind): Promise<Firmware> {
  return chooseFirmware(await read(), wanted, { architecture: 'x86_64', machine: 'q35' });
}

async function refusal(wanted: UefiKind): Promise<FirmwareNotFoundError> {
  const error: unknown = await choose(wanted).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FirmwareNotFoundError);
  return error as FirmwareNotFoundError;
}

const SECURE = ['acpi-s3', 'requires-smm', 'secure-boot', 'verbose-dynamic'];

function describeDebian(): void {
  describeFirmware(distribution, '40-edk2-x86_64-secure-enrolled.json', {
    code: 'CODE.ms.fd',
    vars: 'VARS.ms.fd',
    features: [...SECURE, 'enrolled-keys'],
  });
  describeFirmware(distribution, '50-edk2-x86_64-secure.json', { features: SECURE });
  describeFirmware(distribution, '60-edk2-x86_64.json', {
    code: 'CODE.fd',
    vars: 'VARS.fd',
    features: ['acpi-s3', 'amd-sev'],
    machines: ['pc-i440fx-*', 'pc-q35-*'],
  });
}

describe('the choice', () => {
  it('on Debian', async () => {
    describeDebian();
    expect(await choose('uefi')).toEqual({
      code: { path: join(share, 'CODE.fd'), format: 'raw' },
      varsTemplate: { path: join(share, 'VARS.fd'), format: 'raw' },
      secureBoot: false,
      needsSmm: false,
    });
    expect(await choose('uefi-secure')).toEqual({
      code: { path: join(share, 'CODE.ms.fd'), format: 'raw' },
      varsTemplate: { path: join(share, 'VARS.ms.fd'), format: 'raw' },
      secureBoot: true,
      needsSmm: true,
    });
  });

  it('on Fedora, with qcow2 flash, older raw flash, and stateless or memory-loaded firmware', async () => {
    const qcow2 = { format: 'qcow2', mode: 'split' };
    const secure = [...SECURE, 'enrolled-keys'];
    describeFirmware(distribution, '30-edk2-ovmf-4m-qcow2-x64-sb-enrolled.json', {
      ...qcow2,
      features: secure,
    });
    describeFirmware(distribution, '31-edk2-ovmf-2m-raw-x64-sb-enrolled.json', { features: secure });
    describeFirmware(distribution, '40-edk2-ovmf-4m-qcow2-x64-sb.json', { ...qcow2, features: SECURE });
    describeFirmware(distribution, '45-edk2-ovmf-x64-stateless.json', { mode: 'stateless' });
    describeFirmware(distribution, '46-edk2-ovmf-x64-microvm.json', { machines: ['microvm'] });
    describeFirmware(distribution, '47-edk2-aarch64.json', { architecture: 'aarch64', machines: ['virt-*'] });
    describeFirmware(distribution, '50-edk2-ovmf-4m-qcow2-x64-nosb.json', qcow2);
    describeFirmware(distribution, '51-edk2-ovmf-2m-raw-x64-nosb.json', {});
    const memory = {
      description: 'for TDX',
      'interface-types': ['uefi'],
      mapping: { device: 'memory', filename: join(share, '51-edk2-ovmf-2m-raw-x64-nosb.json.code') },
      targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
      features: ['intel-tdx', 'invented-tomorrow'],
      tags: [],
    };
    writeFileSync(join(distribution, '20-edk2-ovmf-x64-inteltdx.json'), JSON.stringify(memory));
    expect((await read()).problems).toEqual([]);
    expect((await choose('uefi')).code).toEqual({
      path: join(share, '50-edk2-ovmf-4m-qcow2-x64-nosb.json.code'),
      format: 'qcow2',
    });
    expect((await choose('uefi-secure')).code).toEqual({
      path: join(share, '30-edk2-ovmf-4m-qcow2-x64-sb-enrolled.json.code'),
      format: 'qcow2',
    });
  });

  it('accepts a firmware that supports Secure Boot, without keys, if there is no simpler one', async () => {
    describeFirmware(distribution, '50-secure.json', { features: SECURE });
    expect(await choose('uefi')).toMatchObject({ secureBoot: true, needsSmm: true });
  });

  it('rejects flash of an unsupported format, and BIOS', async () => {
    describeFirmware(distribution, '10.json', { format: 'vmdk' });
    describeFirmware(distribution, '20.json', { interfaces: ['bios'] });
    await refusal('uefi');
  });

  it.each([
    [['pc-q35-*'], true],
    [['pc-i440fx-*', 'pc-*'], true],
    [['pc-i440fx-*'], false],
    [['pc.q35.*'], false],
  ])('of the machines %j: %s', async (machines, fits) => {
    describeFirmware(distribution, '10.json', { machines });
    if (fits) await choose('uefi');
    else await refusal('uefi');
  });
});

describe('the directories', () => {
  it('are those of QEMU’s specification', () => {
    const fixed = ['/usr/share/qemu/firmware', '/etc/qemu/firmware'];
    expect(firmwareDirectories({}, '/home/me')).toEqual([...fixed, '/home/me/.config/qemu/firmware']);
    expect(firmwareDirectories({ XDG_CONFIG_HOME: '/c' }, '/home/me')).toEqual([
      ...fixed,
      '/c/qemu/firmware',
    ]);
    expect(firmwareDirectories({ XDG_CONFIG_HOME: 'c' }, '/home/me')[2]).toBe(
      '/home/me/.config/qemu/firmware',
    );
  });

  it('are searched in the order of file names across directories', async () => {
    describeFirmware(distribution, '50-a.json', { code: 'distribution' });
    describeFirmware(system, '60-b.json', { code: 'later' });
    expect((await choose('uefi')).code.path).toBe(join(share, 'distribution'));
    describeFirmware(user, '10-c.json', { code: 'preferred' });
    expect((await choose('uefi')).code.path).toBe(join(share, 'preferred'));
  });

  it('override and hide files of the same name in earlier directories', async () => {
    describeFirmware(distribution, '50-a.json', { code: 'distribution' });
    describeFirmware(system, '50-a.json', { code: 'system' });
    expect((await choose('uefi')).code.path).toBe(join(share, 'system'));
    writeFileSync(join(user, '50-a.json'), '');
    expect(await read()).toMatchObject({ found: [], problems: [] });
  });
});

describe('firmware that cannot be used', () => {
  it('is skipped and named', async () => {
    describeDebian();
    writeFileSync(join(system, '10-broken.json'), '{ "description": ');
    writeFileSync(join(system, '11-other.json'), '{ "description": "x" }');
    describeFirmware(system, '12-missing.json', {});
    const text = JSON.stringify({
      description: 'gone',
      'interface-types': ['uefi'],
      mapping: {
        device: 'flash',
        executable: { filename: '/nowhere/CODE.fd', format: 'raw' },
        'nvram-template': { filename: '/nowhere/VARS.fd', format: 'raw' },
      },
      targets: [],
      features: [],
    });
    writeFileSync(join(system, '12-missing.json'), text);
    mkdirSync(join(system, '13-directory.json'));
    writeFileSync(join(system, 'README'), 'no descriptor at all');
    const { problems, found } = await read();
    expect(found).toHaveLength(3);
    expect(problems).toEqual([
      expect.stringMatching(/10-broken\.json is not JSON \(/),
      expect.stringMatching(/11-other\.json is not a firmware descriptor \(interface-types: /),
      `${join(system, '12-missing.json')} refers to /nowhere/CODE.fd, which does not exist`,
      `${join(system, '13-directory.json')} cannot be read (EISDIR)`,
    ]);
    expect((await choose('uefi')).code.path).toBe(join(share, 'CODE.fd'));
  });

  it('is named in the error, with the searched directories and what to install', async () => {
    writeFileSync(join(system, '10-broken.json'), '{');
    const error = await refusal('uefi-secure');
    expect(error.message).toContain('no UEFI firmware with Secure Boot and enrolled keys for q35 (x86_64)');
    for (const directory of [distribution, system, user]) expect(error.message).toContain(directory);
    expect(error.message).toContain('10-broken.json');
    expect(error.hint).toMatch(/apt-get install ovmf.*dnf install edk2-ovmf/);
  });
});
