import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { MachineExistsError } from '../errors.ts';
import { chooseFirmware } from '../host/firmware.ts';
import { firmwareDirectories, readFirmwareDescriptors } from '../host/firmware-descriptor.ts';
import { extractInstallMedia } from '../images/install-media.ts';
import { createDisk, createOverlay } from '../images/qemu-img.ts';
import { findDisks, readableFile } from '../machine/boot-source.ts';
import type { Locations } from '../machine/locations.ts';
import { makeNvram } from '../machine/nvram.ts';
import type { Limits } from '../util/deadline.ts';
import { Scope } from '../util/scope.ts';
import { type CreateOptions, type NewMachine, parseCreateOptions } from './create-options.ts';
import { machineNames } from './definition.ts';
import { storedForward } from './forwards.ts';
import { definitionFiles } from './machine-files.ts';
import { type MachineSpec, SPEC_VERSION, type StoredDisk, formatMachineSpec } from './machine-spec.ts';
import type { NewDisk } from './new-disk.ts';
import { createSshKeys } from './ssh-files.ts';
import { openStaging, placeMachine } from './staging.ts';

/**
 * Makes a machine, with its disks, and does not start it. It is there whole or not at all.
 * @throws InvalidInputError, MachineExistsError, NoSpaceError, FirmwareNotFoundError, MissingProgramError, …
 */
export async function createMachine(
  locations: Locations,
  options: CreateOptions,
  limits: Limits = {},
): Promise<MachineSpec> {
  const wanted = parseCreateOptions(options);
  if (machineNames(locations).includes(wanted.name)) throw new MachineExistsError(wanted.name);
  await using scope = new Scope();
  const staging = join(openStaging(locations, scope), 'machine');
  const files = definitionFiles(staging);
  for (const directory of [staging, files.storage, files.boot]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(files.lock, '', { mode: 0o600 });
  const spec = await makeParts(wanted, staging, limits);
  writeFileSync(files.spec, formatMachineSpec(spec), { mode: 0o600, flush: true });
  placeMachine(staging, locations, wanted.name);
  return spec;
}

async function makeParts(wanted: NewMachine, staging: string, { signal }: Limits): Promise<MachineSpec> {
  const files = definitionFiles(staging);
  const disks: StoredDisk[] = [];
  for (const disk of wanted.disks) {
    const name = `disk${disks.length}`;
    disks.push(await makeDisk(disk, { name, storage: files.storage, signal }));
  }
  createSshKeys(files.ssh, wanted.name);
  return {
    version: SPEC_VERSION,
    ...newIdentity(),
    name: wanted.name,
    createdAt: new Date().toISOString(),
    memoryBytes: wanted.memoryBytes,
    cpus: wanted.cpus,
    accel: wanted.accel,
    firmware: await makeFirmware(wanted.firmware, files.nvram, signal),
    tpm: wanted.tpm,
    boot: bootOf(wanted),
    ...(wanted.location && { installer: await takeInstaller(wanted.location, files.boot, signal) }),
    disks,
    cdroms: cdromsOf(wanted),
    net: wanted.net,
    ...(wanted.bridge !== undefined && { bridge: wanted.bridge }),
    ports: wanted.ports.map(storedForward),
    guestIdentity: 'own',
    sshUser: wanted.sshUser,
    display: wanted.display,
    labels: { ...wanted.labels },
    protected: wanted.protected,
  };
}

/** What tells a machine from all others; a clone gets it anew. */
export function newIdentity(): Pick<MachineSpec, 'id' | 'uuid' | 'mac'> {
  return {
    id: randomBytes(4).toString('hex'),
    uuid: randomUUID(),
    // QEMU's own prefix, as everywhere.
    mac: `52:54:00:${randomBytes(3)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:')}`,
  };
}

export async function makeDisk(
  disk: NewDisk,
  place: { readonly name: string; readonly storage: string; readonly signal: AbortSignal | undefined },
): Promise<StoredDisk> {
  const { name, storage, signal } = place;
  const file = `${name}.qcow2`;
  const common = { name, cache: disk.cache, discard: disk.discard, readOnly: disk.readOnly };
  if ('sizeBytes' in disk.source) {
    await createDisk({
      path: join(storage, file),
      format: 'qcow2',
      sizeBytes: disk.source.sizeBytes,
      signal,
    });
    return { ...common, file, owned: true, format: 'qcow2' };
  }
  const [source] = await findDisks([disk.source], signal);
  if (!source || !('path' in source)) throw new TypeError('a disk with a path was asked for');
  const { path, format } = source;
  if (disk.adopt) return { ...common, file: path, owned: true, format };
  if (disk.readOnly) return { ...common, file: path, owned: false, format };
  await createOverlay({ path: join(storage, file), backingPath: path, backingFormat: format, signal });
  return { ...common, file, owned: true, format: 'qcow2', backing: { path, format } };
}

async function makeFirmware(
  kind: NewMachine['firmware'],
  nvramPath: string,
  signal: AbortSignal | undefined,
): Promise<MachineSpec['firmware']> {
  if (kind === 'bios') return { kind };
  const descriptors = await readFirmwareDescriptors(firmwareDirectories(process.env, homedir()));
  const firmware = chooseFirmware(descriptors, kind, { architecture: 'x86_64', machine: 'q35' });
  await makeNvram({ path: nvramPath, template: firmware.varsTemplate, signal });
  const { code, varsTemplate, secureBoot, needsSmm } = firmware;
  return { kind, code: { ...code }, varsTemplate: { ...varsTemplate }, secureBoot, needsSmm };
}

function bootOf({ boot }: NewMachine): MachineSpec['boot'] {
  const append = 'append' in boot && boot.append !== undefined ? { append: boot.append } : {};
  switch (boot.kind) {
    case 'firmware':
      return { kind: 'firmware' };
    case 'image':
      return { kind: 'image', image: boot.image, ...append };
    case 'kernel':
      return {
        kind: 'kernel',
        kernel: readableFile(boot.kernel, 'kernel'),
        ...(boot.initrd !== undefined && { initrd: readableFile(boot.initrd, 'initrd') }),
        ...append,
      };
  }
}

async function takeInstaller(
  location: NonNullable<NewMachine['location']>,
  bootDirectory: string,
  signal: AbortSignal | undefined,
): Promise<NonNullable<MachineSpec['installer']>> {
  const { kernel, initrd, append } = await extractInstallMedia(location.path, bootDirectory, signal);
  return {
    kernel: join('boot', basename(kernel)),
    initrd: join('boot', basename(initrd)),
    append: [...append, location.append].filter((words) => words !== undefined).join(' '),
  };
}

/**
 * An install medium stays in the drive: most installers go on to read it. What boots like a PC has an empty drive
 * otherwise, into which a CD can be put while it runs; it costs the firmware nothing that could be measured.
 */
function cdromsOf({ boot, iso, location }: NewMachine): MachineSpec['cdroms'] {
  const path = iso ?? location?.path;
  if (path === undefined || isTree(path)) return boot.kind === 'firmware' ? [{ name: 'cdrom0' }] : [];
  return [{ name: 'cdrom0', path: readableFile(path, iso === undefined ? 'location' : 'iso') }];
}

/** An unpacked medium cannot lie in a drive. */
function isTree(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
