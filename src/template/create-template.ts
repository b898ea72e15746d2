import * as z from 'zod';
import {
  BrokenTemplateError,
  CloudInitError,
  InvalidInputError,
  TemplateExistsError,
} from '../errors/index.ts';
import { cloudInitFailure } from '../guest/cloud-init/cloud-init-failure.ts';
import { probeHost } from '../host/probe.ts';
import { parseOptions } from '../util/options/parse-options.ts';
import { Scope } from '../util/scope.ts';
import type { Machine } from '../machine/running/machine.ts';
import { MOST_MEMBERSHIPS } from '../network/private/membership.ts';
import { claimDirectory } from '../machine/paths/runtime-directory.ts';
import { type LaunchOptions, functionSchema } from '../machine/spec/launch-options.ts';
import { type Spec, parseSpec } from '../machine/spec/spec.ts';
import { ownLocations } from '../machine/paths/own-locations.ts';
import { refusePooled } from './pool/refuse-pooled.ts';
import { type BootedGuest, type Making, saveGuest } from './save-guest.ts';
import { bootsWithMore } from './template-basis.ts';
import { asksPublisher, findCurrentSource, templateInputs } from './template-inputs.ts';
import { Template } from './template.ts';
import { templateFiles } from './template-files.ts';
import { TemplateShelf } from './template-shelf.ts';
import { TemporaryTemplate } from './temporary-template.ts';

export type { BootedGuest };

/** The guest of a template, and how to warm it up. */
export interface TemplateOptions extends BootedGuest, Pick<LaunchOptions, 'kept'> {
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

/** The rest of a template's options is checked with those of a launch. */
const templateSchema = z.object({
  run: z.union([z.string(), z.array(z.string()).readonly()]).optional(),
  prepare: functionSchema(),
  existing: z.enum(['refuse', 'replace', 'reuse']).optional(),
});

/**
 * Boots a guest, or with `kept` forks one that has booted, warms it up and saves its memory and disks, so that machines
 * can be forked from it.
 * A named template persists, across host reboots too; one without a name is removed with its object, or when this
 * process exits.
 * @throws what `launch` throws; TemplateExistsError, BrokenTemplateError for a damaged template that is not to be
 *   replaced, TemplateInUseError when a pool forks the template to replace, InvalidInputError, NoSpaceError,
 *   CloudInitError for a first boot that failed, GuestCommandFailedError with the status and the output of a warm-up
 *   command, what `prepare` throws, QmpJobError for a guest that cannot be saved, or the signal's reason.
 */
export async function createTemplate(options: NamedTemplateOptions): Promise<Template>;
export async function createTemplate(options?: TemplateOptions): Promise<TemporaryTemplate>;
export async function createTemplate(
  options: TemplateOptions & Partial<NamedTemplateOptions> = {},
): Promise<Template> {
  parseOptions(templateSchema, options);
  const { name, existing = 'refuse', run = [], prepare, networkCards = 0, kept, ...launching } = options;
  const commands = typeof run === 'string' ? [run] : run;
  const spec = parseSpec({ ...launching, kept, name: name ?? 'template' });
  checkNetworks(spec, networkCards);
  refuseMac(spec);
  refuseMounts(spec);
  const locations = ownLocations();
  const begin = await beginningOf(kept);
  const check = refuseFailedBoot;
  const making: Making = { spec, commands, prepare, networkCards, launching, locations, begin, check };
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
    const directory = shelf.directoryOf(name);
    let saving = making;
    if (directory !== undefined) {
      const found = existing === 'refuse' ? shelf.find(name) : findUndamaged(shelf, name);
      if (found && existing === 'refuse') throw new TemplateExistsError(name);
      if (found && existing === 'reuse') {
        if (await stillFits(found, making)) return found;
        saving = withPulledImage(making);
      }
      refusePooled({ name, directory });
    }
    const record = await saveGuest(templateFiles(place.directory), saving);
    // A pool may have begun to fork it meanwhile.
    if (directory !== undefined) refusePooled({ name, directory });
    place.publish();
    return new Template(record, place.directory, locations);
  });
}

/** @returns undefined for a boot. */
async function beginningOf(kept: TemplateOptions['kept']): Promise<Making['begin']> {
  if (kept !== 'use' && kept !== 'renew') return undefined;
  const { beginFromKept } = await import('./kept/begin-template.ts');
  return beginFromKept(kept);
}

function checkNetworks({ networks }: Spec, cards: number): void {
  if (networks.length > 0) {
    throw new InvalidInputError('networks', 'a template cannot join networks', {
      hint: `join the networks in the forks instead; create the template with networkCards: ${networks.length}`,
    });
  }
  if (Number.isInteger(cards) && cards >= 0 && cards <= MOST_MEMBERSHIPS) return;
  throw new InvalidInputError(
    'networkCards',
    `invalid value ${cards}: expected a whole number from 0 to ${MOST_MEMBERSHIPS}`,
  );
}

/** Each fork has its own: that of the template would have no effect. */
function refuseMac({ mac }: Spec): void {
  if (mac === undefined) return;
  throw new InvalidInputError('mac', 'a template cannot have a MAC address', {
    hint: 'choose the address of a fork instead: template.fork({ mac }), or vmlet run --template NAME --mac ADDRESS',
  });
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

/**
 * Checks a guest that is to become a template: every fork would lack what its first boot did not set up.
 * @throws CloudInitError.
 */
export function refuseFailedBoot({ cloudInit }: Pick<Machine, 'cloudInit'>): void {
  // An absent or disabled cloud-init is not a failure.
  if (cloudInit?.state !== 'failed') return;
  const failure = cloudInitFailure(cloudInit, 'the guest of the template');
  if (!failure) return;
  // The guest is gone, with its log.
  throw new CloudInitError(failure.message, failure, {
    hint: 'correct the packages, commands or user-data of the first boot, then create the template again; to look into the guest, boot it with the same options of vmlet run',
  });
}

/** A damaged template is replaced like any other. */
function findUndamaged(shelf: TemplateShelf, name: string): Template | undefined {
  try {
    return shelf.find(name);
  } catch (error) {
    if (error instanceof BrokenTemplateError) return undefined;
    throw error;
  }
}

async function stillFits(found: Template, making: Making): Promise<boolean> {
  const { spec, commands, networkCards, launching, locations } = making;
  const source = await findCurrentSource(spec, launching, locations);
  const inputs = await templateInputs(spec, commands, networkCards, launching, locations);
  if (found.inputs !== inputs || (await found.differences()).length > 0) return false;
  const host = await probeHost({ cacheDirectory: locations.cache, ...launching });
  const level = source?.kind === 'disk' ? source.image?.guest.cpu : undefined;
  return !bootsWithMore(found.plan, spec, host, level);
}

/** The publisher has been asked for a newer image already. */
function withPulledImage(making: Making): Making {
  const { spec, launching } = making;
  if (!asksPublisher(spec)) return making;
  return { ...making, spec: { ...spec, pull: 'missing' }, launching: { ...launching, pull: 'missing' } };
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
