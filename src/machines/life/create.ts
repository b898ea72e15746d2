import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { parseSeedOptions } from '../../guest/seed/seed-options.ts';
import { InvalidInputError, MachineExistsError } from '../../errors/index.ts';
import type { FirmwareKind } from '../../host/firmware/firmware.ts';
import { findFirmware } from '../../host/firmware/find-firmware.ts';
import { hasEfiStub } from '../../images/formats/bzimage.ts';
import { requirePlatform } from '../../host/require-platform.ts';
import { extractInstallMedia } from '../../images/install/install-media.ts';
import type { DiskImage } from '../../images/record/image.ts';
import { type ImageProgress, tellWait } from '../../images/pull/image-progress.ts';
import { withStoreLock } from '../../images/store/lock.ts';
import { findImage, findMedium, readableFile } from '../../machine/survey/boot-source.ts';
import { tellNetworks } from '../../machine/network/tell-members.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { checkHostMemory } from '../../machine/plan/host-memory.ts';
import { holdVolumes } from '../../machine/volume/open-volume.ts';
import { makeNvram } from '../../machine/launch/nvram.ts';
import { hardwareOf } from '../../machine/spec/hardware-options.ts';
import type { PullPolicy } from '../../machine/spec/machine-options.ts';
import { defaultLogin, hasAgent, needsSeed, writeSeedDisk } from '../../machine/plan/seed-disk.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { replaceFile } from '../../util/files/atomic-file.ts';
import { Scope } from '../../util/scope.ts';
import type { CreateOptions } from '../spec/create-options.ts';
import { type NewMachine, parseCreateOptions } from '../spec/new-machine.ts';
import { machineNames } from '../record/definition.ts';
import { storedForward } from '../spec/forwards.ts';
import { definitionFiles } from '../record/machine-files.ts';
import { networksOf } from '../record/network-members.ts';
import { type MachineSpec, SPEC_VERSION, type StoredDisk, formatMachineSpec } from '../spec/machine-spec.ts';
import { makeDataDisk } from '../disks/data-disk.ts';
import { makeDisk, makeImageDisk } from '../disks/make-disk.ts';
import { newIdentity } from '../spec/new-identity.ts';
import { requireAgentForCopies, storedMounts } from '../spec/stored-mounts.ts';
import { machinePublicKey } from '../ssh/provision-ssh.ts';
import { createSshKeys } from '../ssh/ssh-files.ts';
import { writeSshRecord } from '../record/ssh-record.ts';
import { joinNetworks } from '../../network/private/members.ts';
import type { Membership } from '../../network/private/membership.ts';
import { checkMemoryOfMicro } from '../plan/boot-files.ts';
import { findBridges, mtusOnBridges } from '../plan/bridges.ts';
import { refuseTakenOnBridge } from '../plan/bridge-members.ts';
import { bridgeCards, withMacs } from '../spec/bridge-cards.ts';
import { checkCards } from '../spec/network-cards.ts';
import { openStaging, placeMachine } from '../record/staging.ts';
import { placeMember } from './place-member.ts';
import { withTemplateOptions } from './template-options.ts';

export interface CreateLimits extends Limits {
  /** Called while the image is pulled. */
  readonly onProgress?: (progress: ImageProgress) => void;
}

const ROOT = 'root';

/**
 * Creates a machine with its disks, without starting it. The operation is atomic. The running members of its networks get
 * its name.
 * @throws InvalidInputError, MachineExistsError, NoSpaceError, FirmwareNotFoundError, MissingProgramError,
 *   PermissionError for a bridge that this user may not use, UnsupportedHostError, ImageNotFoundError and what pulling an image throws, …
 */
export async function createMachine(
  locations: Locations,
  options: CreateOptions,
  limits: CreateLimits = {},
): Promise<MachineSpec> {
  const spec = await createWithoutTelling(locations, options, limits);
  await tellNetworks(locations, networksOf(spec), limits.signal);
  return spec;
}

async function createWithoutTelling(
  locations: Locations,
  options: CreateOptions,
  limits: CreateLimits,
): Promise<MachineSpec> {
  requirePlatform();
  const wanted = parseCreateOptions(withTemplateOptions(locations, options));
  checkHostMemory(wanted.memoryBytes);
  // A template has booted with its memory.
  if (wanted.template === undefined) await checkMemoryOfMicro(wanted, locations);
  mtusOnBridges(await findBridges(bridgeCards(wanted)));
  if (machineNames(locations).includes(wanted.name)) throw new MachineExistsError(wanted.name);
  // Before an image is pulled for it.
  checkAddresses(locations, wanted, joinNetworks(locations, wanted.name, wanted.memberships));
  if (!wanted.image) return makeMachine(locations, wanted, undefined, limits);
  const { name, pull } = wanted.image;
  const { firmware } = wanted;
  await findDiskImage(locations, { name, firmware }, pull, limits);
  // The lock keeps the image from being removed before the machine exists.
  const waiting = { ...limits, onWait: tellWait(name, limits.onProgress) };
  return withStoreLock(locations.images, waiting, async () =>
    makeMachine(locations, wanted, await findDiskImage(locations, { name }, 'never', limits), limits),
  );
}

/** The addresses in its networks may be others when it is placed. */
function checkAddresses(locations: Locations, wanted: NewMachine, networks: readonly Membership[]): void {
  const given = wanted.memberships.length > 0 ? 'networks' : 'net';
  checkCards({ ...wanted, networks: [...networks] }, wanted.mac === undefined ? given : 'mac');
  refuseTakenOnBridge(locations, wanted);
}

async function findDiskImage(
  locations: Locations,
  { name, firmware }: { readonly name: string; readonly firmware?: FirmwareKind | undefined },
  pull: PullPolicy,
  { signal, onProgress }: CreateLimits,
): Promise<DiskImage> {
  const image = await findImage(name, { locations, pull, firmware, signal, onProgress });
  if (image.kind === 'disk') return image;
  throw new InvalidInputError('image', `${name} is a kernel image, which only vmlet run can boot`, {
    hint: 'choose micro, or an image with a disk, such as debian:13',
  });
}

async function makeMachine(
  locations: Locations,
  wanted: NewMachine,
  image: DiskImage | undefined,
  limits: Limits,
): Promise<MachineSpec> {
  await using scope = new Scope();
  const workshop = openStaging(locations, scope);
  const staging = join(workshop, 'machine');
  const files = definitionFiles(staging);
  for (const directory of [staging, files.storage, files.boot]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(files.lock, '', { mode: 0o600 });
  const made = await withMemoryOfTemplate(
    locations,
    wanted,
    await makeParts(wanted, image, staging, limits),
    staging,
    limits,
  );
  await holdVolumes(locations, wanted.volumes, scope, limits.signal);
  const { name, memberships } = wanted;
  const place = (spec: MachineSpec): MachineSpec => {
    replaceFile(files.spec, formatMachineSpec(spec));
    placeMachine(staging, locations, name);
    return spec;
  };
  if (memberships.length === 0) return place(made);
  return await placeMember(locations, { name, memberships, staging, workshop }, limits, (networks) => {
    checkAddresses(locations, wanted, networks);
    return place({ ...made, networks });
  });
}

async function withMemoryOfTemplate(
  locations: Locations,
  { template, mac }: NewMachine,
  spec: MachineSpec,
  staging: string,
  limits: Limits,
): Promise<MachineSpec> {
  if (template === undefined) return spec;
  const { beginAsTemplate } = await import('./begin-as-template.ts');
  const { name, ...mounts } = template;
  return beginAsTemplate(locations, { template: name, spec, mac, mounts }, definitionFiles(staging), limits);
}

async function makeParts(
  wanted: NewMachine,
  image: DiskImage | undefined,
  staging: string,
  { signal }: Limits,
): Promise<MachineSpec> {
  const files = definitionFiles(staging);
  const hasSeed = needsSeed(wanted.seed, image) || image?.guest.provisioner === 'cloud-init';
  const byAgent = image !== undefined && hasAgent(image.guest, hasSeed);
  requireAgentForCopies(wanted, wanted.name, hasAgentAtStart(wanted, byAgent));
  const disks: StoredDisk[] = [];
  const temporary = wanted.command && { temporary: true as const };
  if (image) {
    const disk = await makeImageDisk(image, wanted.image?.diskBytes, files.storage, signal);
    disks.push({ ...disk, ...temporary });
  }
  if (wanted.dataBytes !== undefined) {
    const data = await makeDataDisk(files.storage, wanted.dataBytes, signal);
    if (data) disks.push({ ...data, ...temporary });
  }
  for (const disk of wanted.disks) {
    const name = `disk${disks.length}`;
    const made = await makeDisk(disk, { name, storage: files.storage, signal });
    disks.push(disk.field === 'image' && !disk.adopt ? { ...made, ...temporary } : made);
  }
  createSshKeys(files.ssh, wanted.name);
  const identity = newIdentity(wanted.mac);
  if (byAgent) writeSshRecord(files.ssh, { byAgent });
  if (hasSeed) await makeSeedDisk(wanted, image, identity, files);
  return {
    version: SPEC_VERSION,
    ...identity,
    name: wanted.name,
    createdAt: new Date().toISOString(),
    memoryBytes: wanted.memoryBytes,
    ...hardwareOf(wanted),
    ...(wanted.limits && { limits: wanted.limits }),
    ...(image && { cpuLevel: image.guest.cpu }),
    firmware: await makeFirmware(wanted.firmware ?? image?.guest.firmware ?? 'bios', files.nvram, signal),
    tpm: wanted.tpm,
    boot: bootOf(wanted),
    ...(wanted.location && { installer: await takeInstaller(wanted.location, files.boot, signal) }),
    disks,
    cdroms: await cdromsOf(wanted, signal),
    ...storedMounts(wanted),
    net: wanted.net,
    ...(wanted.bridge !== undefined && { bridge: wanted.bridge }),
    ...(wanted.mtu !== undefined && { mtu: wanted.mtu }),
    ...(wanted.bridges.length > 0 && { bridges: withMacs(wanted.bridges) }),
    ports: wanted.ports.map(storedForward),
    ...(wanted.sockets.length > 0 && { sockets: [...wanted.sockets] }),
    guestIdentity: 'own',
    ...(hasSeed && { hasSeed }),
    sshUser: wanted.sshUser ?? (hasSeed ? (wanted.seed?.user ?? defaultLogin(image?.guest)) : ROOT),
    display: wanted.display,
    ...(wanted.command && { command: wanted.command }),
    labels: { ...wanted.labels },
    protected: wanted.protected,
  };
}

/** The first start of an install medium boots its installer. */
function hasAgentAtStart({ boot, location }: NewMachine, byAgent: boolean): boolean {
  return boot.kind === 'image' || (byAgent && location === undefined);
}

async function makeSeedDisk(
  wanted: NewMachine,
  image: DiskImage | undefined,
  { uuid, mac }: Pick<MachineSpec, 'uuid' | 'mac'>,
  files: ReturnType<typeof definitionFiles>,
): Promise<void> {
  const seed = wanted.seed ?? parseSeedOptions({});
  await writeSeedDisk(files.seed, {
    seed: { ...seed, sshKeys: [machinePublicKey(files.ssh), ...seed.sshKeys] },
    guest: image?.guest,
    instanceId: uuid,
    hostname: wanted.name,
    macAddress: wanted.net === 'none' ? undefined : mac,
  });
}

async function makeFirmware(
  kind: FirmwareKind,
  nvramPath: string,
  signal: AbortSignal | undefined,
): Promise<MachineSpec['firmware']> {
  if (kind === 'bios') return { kind };
  const firmware = await findFirmware(kind, process.env, homedir());
  await makeNvram({ path: nvramPath, template: firmware.varsTemplate, signal });
  const { code, varsTemplate, secureBoot, needsSmm } = firmware;
  return { kind, code: { ...code }, varsTemplate: { ...varsTemplate }, secureBoot, needsSmm };
}

function bootOf({ boot, firmware }: NewMachine): MachineSpec['boot'] {
  const append = 'append' in boot && boot.append !== undefined ? { append: boot.append } : {};
  switch (boot.kind) {
    case 'firmware':
      return { kind: 'firmware' };
    case 'image':
      return { kind: 'image', image: boot.image, ...append };
    case 'kernel':
      return {
        kind: 'kernel',
        kernel: kernelFor(firmware, boot.kernel),
        ...(boot.initrd !== undefined && { initrd: readableFile(boot.initrd, 'initrd') }),
        ...append,
      };
  }
}

function kernelFor(firmware: NewMachine['firmware'], kernel: string): string {
  const path = readableFile(kernel, 'kernel');
  if (firmware === undefined || firmware === 'bios' || hasEfiStub(readFileSync(path))) return path;
  throw new InvalidInputError('firmware', `${firmware} cannot boot ${path}: this kernel has no EFI stub`, {
    hint: "use the distribution's own kernel (vmlinuz), or leave out --firmware",
  });
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
 * An install medium stays in the drive, since most installers read it again. A machine that boots by its firmware has
 * an empty drive otherwise, for CDs inserted later; it does not slow the firmware down measurably.
 */
async function cdromsOf(
  { boot, iso, location }: NewMachine,
  signal: AbortSignal | undefined,
): Promise<MachineSpec['cdroms']> {
  const path = iso ?? location?.path;
  if (path === undefined || isTree(path)) return boot.kind === 'firmware' ? [{ name: 'cdrom0' }] : [];
  return [{ name: 'cdrom0', path: await findMedium(path, iso === undefined ? 'location' : 'iso', signal) }];
}

/** A directory, an unpacked medium, cannot be inserted into a drive. */
function isTree(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
