import { open } from 'node:fs/promises';
import { GuestCommandFailedError, InvalidInputError, TemplateExistsError } from '../errors/index.ts';
import { probeHost } from '../host/probe.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { createOverlay } from '../images/qemu-img/qemu-img.ts';
import { requireSpace } from '../images/transfer/space.ts';
import { Scope } from '../util/scope.ts';
import { launchAt } from '../machine/launch/launch.ts';
import type { Locations } from '../machine/paths/locations.ts';
import type { Machine } from '../machine/running/machine.ts';
import { HOST } from '../images/record/reference.ts';
import { MOST_NETWORKS } from '../machine/network/network-place.ts';
import { claimDirectory } from '../machine/paths/runtime-directory.ts';
import type { LaunchOptions } from '../machine/spec/launch-options.ts';
import { type Spec, parseSpec } from '../machine/spec/spec.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import { freeze, persistFiles, restoreAbilitiesOf } from './freeze.ts';
import { templateInputs } from './template-inputs.ts';
import { Template } from './template.ts';
import { basisOf } from './template-basis.ts';
import { type TemplateFiles, persistentFiles, templateFiles } from './template-files.ts';
import { type TemplateRecord, readRecord, writeRecord } from './template-record.ts';
import { TemplateShelf } from './template-shelf.ts';
import { TemporaryTemplate } from './temporary-template.ts';

/** The options of a launch that describe the guest of a template. */
export type BootedGuest = Omit<LaunchOptions, 'name' | 'ports' | 'until' | 'networks' | 'kept'>;

/** The guest of a template, and how to warm it up. */
export interface TemplateOptions extends BootedGuest {
  /** Shell commands that warm up the guest, run in order. If one fails, no template is created. */
  readonly run?: string | readonly string[];
  /** A function that warms up the guest after `run`. Every fork has the state that it leaves in the guest. */
  readonly prepare?: ((machine: Machine) => Promise<void>) | undefined;
  /** How many private networks a fork can join, 0 (the default) to 8. The template has an unplugged card for each. */
  readonly networkCards?: number;
}

/** Options of `createTemplate`. */
export interface NamedTemplateOptions extends TemplateOptions {
  /** Letters, digits and hyphens, no hyphen at either end, 63 at most. */
  readonly name: string;
  /**
   * How to treat an existing template of this name: throw (`refuse`, the default), replace it (`replace`), or return
   * it if it was created from the same inputs and still matches this host (`reuse`, not together with `prepare`).
   */
  readonly existing?: 'refuse' | 'replace' | 'reuse';
}

/** Space that has to stay free on the host's disk. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/**
 * Boots a guest, warms it up and saves its memory and disks, so that machines can be forked from it.
 * A named template persists, across host reboots too; one without a name is removed with its object, or when this
 * process exits.
 * @throws what `launch` throws; TemplateExistsError, InvalidInputError, NoSpaceError, GuestCommandFailedError with the
 *   status and the output of a warm-up command, what `prepare` throws, QmpJobError for a guest that cannot be saved,
 *   or the signal's reason.
 */
export async function createTemplate(options: NamedTemplateOptions): Promise<Template>;
export async function createTemplate(options?: TemplateOptions): Promise<TemporaryTemplate>;
export async function createTemplate(
  options: TemplateOptions & Partial<NamedTemplateOptions> = {},
): Promise<Template> {
  const { name, existing = 'refuse', run = [], prepare, networkCards = 0, ...launching } = options;
  const commands = typeof run === 'string' ? [run] : run;
  const spec = parseSpec({ ...launching, name: name ?? 'template' });
  checkNetworks(spec, networkCards);
  refuseMounts(spec);
  const locations = ownLocations();
  const making: Making = { spec, commands, prepare, networkCards, launching, locations };
  if (name === undefined) return makeTemporary(making);
  if (existing === 'reuse' && prepare) {
    throw new InvalidInputError(
      'existing',
      '"reuse" cannot be combined with prepare, because vmlet cannot compare functions',
      {
        hint: 'pass the commands in the option run, or create a template without a name',
      },
    );
  }
  const shelf = new TemplateShelf(locations);
  return shelf.withName(name, launching.signal, async (place) => {
    const found = shelf.find(name);
    if (found && existing === 'refuse') throw new TemplateExistsError(name);
    if (found && existing === 'reuse' && (await stillFits(found, making))) return found;
    const record = await saveGuest(templateFiles(place.directory), making);
    place.publish();
    return new Template(record, place.directory, locations);
  });
}

/** A guest to boot, warm up and save. */
export interface Making {
  readonly spec: Spec;
  readonly commands: readonly string[];
  readonly prepare: TemplateOptions['prepare'];
  readonly networkCards: number;
  readonly launching: BootedGuest;
  readonly locations: Locations;
  /** Digest of what the guest depends on; computed by default. */
  readonly inputs?: string;
  /** Whether the files must survive a crash of the host from the start; true by default. */
  readonly flushes?: boolean;
}

function checkNetworks({ networks }: Spec, cards: number): void {
  if (networks.length > 0) {
    throw new InvalidInputError('networks', 'a template cannot join networks', {
      hint: `join the networks in the forks instead; create the template in code, with createTemplate and networkCards: ${networks.length}`,
    });
  }
  if (Number.isInteger(cards) && cards >= 0 && cards <= MOST_NETWORKS) return;
  throw new InvalidInputError(
    'networkCards',
    `invalid value ${cards}: expected a whole number from 0 to ${MOST_NETWORKS}`,
  );
}

function refuseMounts({ shares, volumes, tmpfs, boot }: Spec): void {
  if (boot.kind === 'host') {
    throw new InvalidInputError('image', "a template cannot boot the host's system", {
      hint: 'use an image such as debian:13, or launch a machine without a template',
    });
  }
  const [mount] = [...shares, ...volumes, ...tmpfs];
  if (mount === undefined) return;
  throw new InvalidInputError(mount.field, 'a template cannot have shared directories, volumes or tmpfs', {
    hint: 'mount them in the forks instead: vmlet run --template NAME -v SRC:DST …',
  });
}

async function stillFits(found: Template, making: Making): Promise<boolean> {
  return found.inputs === (await inputsOf(making)) && (await found.differences()).length === 0;
}

async function inputsOf({ spec, commands, networkCards, launching, locations }: Making): Promise<string> {
  return templateInputs(spec, commands, networkCards, launching, locations);
}

async function makeTemporary(making: Making): Promise<TemporaryTemplate> {
  const scope = new Scope();
  try {
    const directory = claimDirectory(making.locations.scratch, scope);
    const record = await saveGuest(templateFiles(directory), making);
    return new TemporaryTemplate(record, directory, making.locations, scope);
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** Boots the guest, warms it up, saves it and ends it. @throws what `createTemplate` throws. */
export async function saveGuest(files: TemplateFiles, making: Making): Promise<TemplateRecord> {
  const { spec, launching, locations, flushes = true } = making;
  // QEMU is killed when it writes to memory in a file and the host's disk is full.
  await requireSpace(files.directory, spec.memoryBytes, RESERVE_BYTES);
  await (await open(files.memory, 'wx', 0o600)).close();
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const places = {
    locations,
    storage: files.directory,
    memoryFile: files.memory,
    spareCards: making.networkCards,
  };
  await using machine = await launchAt(places, { ...launching, name: spec.name });
  const { plan } = machine;
  // Computed only now: the launch may have pulled the image.
  const inputs = making.inputs ?? (await inputsOf(making));
  await warmUp(machine, making);
  const abilities = await restoreAbilitiesOf(machine.qmp);
  await machine.sync();
  await freeze(machine.qmp, files, abilities);
  await machine.qmp.execute('quit');
  await machine.ended;
  const disks = plan.disks.filter(({ readOnly }) => !readOnly);
  for (const { nodeName, path, format } of disks) {
    await createOverlay({ path: files.overlay(nodeName), backingPath: path, backingFormat: format });
  }
  if (flushes) await persistFiles(persistentFiles(files, plan), files.directory);
  writeRecord(files, {
    name: spec.name,
    createdAt: new Date().toISOString(),
    image: imageOf(spec),
    inputs,
    ...(flushes ? {} : { unflushedSince: currentBootId() }),
    basis: basisOf(plan, host),
    ...abilities,
    plan,
  });
  const record = readRecord(spec.name, files);
  if (!record) throw new TypeError('template.json disappeared while the template was created');
  return record;
}

async function warmUp(machine: Machine, { commands, prepare, launching }: Making): Promise<void> {
  for (const command of commands) {
    const result = await machine.exec(['sh', '-c', command], { signal: launching.signal });
    if (result.exitCode === 0) continue;
    const output = { stdout: result.stdout.toString(), stderr: result.stderr.toString() };
    throw new GuestCommandFailedError(command, result, output, {
      hint: 'correct the command, then create the template again: each command of --run must exit with status 0',
    });
  }
  await prepare?.(machine);
}

function imageOf({ boot }: Spec): string {
  switch (boot.kind) {
    case 'image':
      return boot.image;
    case 'disk':
      return boot.path;
    case 'kernel':
      return boot.kernel;
    case 'host':
      return HOST;
  }
}
