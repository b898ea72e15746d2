import { InvalidInputError } from '../../errors/index.ts';
import { findMedium } from '../../machine/survey/boot-source.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import { changeMedium } from '../../machine/state/medium.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { refuseSaved, withLockedMachine, writeSpec } from '../lock/edit.ts';
import { openLinkedFile, removeLinkedFiles } from './linked-file.ts';
import { readPlan, replacePlan } from '../record/machine-plan-file.ts';
import type { StoredCdrom } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** Number of ports of the board's own controller. */
const MOST_DRIVES = 6;

/** Options of inserting or ejecting a CD. */
export interface ChangeCdOptions {
  /** Name of the drive; optional when the machine has only one. */
  readonly drive?: string | undefined;
  /** Open the drive even if the guest has locked it; false by default. */
  readonly force?: boolean | undefined;
  /** Time in milliseconds for a guest to open a locked drive; 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A drive that was changed. */
export interface ChangedCd {
  readonly drive: string;
  /** A drive that is added or removed while the machine is running appears or disappears at its next start. */
  readonly takesEffect: 'now' | 'next start';
}

/**
 * Inserts a CD, or ejects it. A running machine gets it at once, and its guest is notified.
 * @param path path of an ISO image; undefined leaves the drive empty.
 * @throws InvalidInputError, ImageRefusedError for an invalid or truncated image, GuestHoldsDeviceError when the guest
 *   has locked the drive, PermissionError, MachineStateError, MachineBusyError; nothing has changed then.
 */
export async function changeCd(
  locations: Locations,
  machine: string,
  path: string | undefined,
  { drive, ...options }: ChangeCdOptions = {},
): Promise<ChangedCd> {
  const medium = path === undefined ? undefined : await findMedium(path, 'iso', options.signal);
  return withLockedMachine(locations, machine, 'changing a CD', async (definition) => {
    const { spec } = definition;
    const found = requireDrive(definition, drive);
    refuseSaved(definition, 'CD');
    const isThere = runsWith(definition, found);
    if (isThere) await changeLive(definition, found, medium, options);
    const changed = spec.cdroms.map((other) => (other === found ? driveWith(found.name, medium) : other));
    writeSpec(definition, { ...spec, cdroms: changed });
    const takesEffect = isThere || readStatus(definition.files).kind !== 'running' ? 'now' : 'next start';
    return { drive: found.name, takesEffect };
  });
}

/**
 * Adds a CD drive to a machine, effective from the next start.
 * @param path ISO image in the drive; empty by default.
 * @throws InvalidInputError, ImageRefusedError, MachineStateError, MachineBusyError
 */
export async function addCdDrive(locations: Locations, machine: string, path?: string): Promise<ChangedCd> {
  const medium = path === undefined ? undefined : await findMedium(path, 'iso', undefined);
  return withLockedMachine(locations, machine, 'adding a drive', (definition) => {
    const { spec } = definition;
    refuseSaved(definition, 'CD drives');
    const names = Array.from({ length: MOST_DRIVES }, (_, number) => `cdrom${number}`);
    const name = names.find((candidate) => !spec.cdroms.some((drive) => drive.name === candidate));
    if (name === undefined) {
      throw new InvalidInputError(
        'drive',
        `machine "${machine}" already has the maximum of ${MOST_DRIVES} CD drives`,
        { hint: `use an existing drive: vmlet cd insert ${machine} FILE DRIVE` },
      );
    }
    writeSpec(definition, { ...spec, cdroms: [...spec.cdroms, driveWith(name, medium)] });
    const runs = readStatus(definition.files).kind === 'running';
    return { drive: name, takesEffect: runs ? 'next start' : 'now' };
  });
}

/** Removes a CD drive, effective from the next start. @throws as `addCdDrive` does. */
export async function removeCdDrive(
  locations: Locations,
  machine: string,
  drive?: string,
): Promise<ChangedCd> {
  return withLockedMachine(locations, machine, 'removing a drive', (definition) => {
    const { spec } = definition;
    refuseSaved(definition, 'CD drives');
    const found = requireDrive(definition, drive);
    writeSpec(definition, { ...spec, cdroms: spec.cdroms.filter((other) => other !== found) });
    return { drive: found.name, takesEffect: runsWith(definition, found) ? 'next start' : 'now' };
  });
}

/** A CD drive of a machine in its current state. */
export interface ListedDrive extends StoredCdrom {
  /** Whether the guest has locked the drive; undefined unless the machine is running and has it. */
  readonly locked: boolean | undefined;
  /** Whether the drive is open, for example because the guest ejected the CD; undefined as above. */
  readonly open: boolean | undefined;
}

/** Lists a machine's CD drives. @throws what `withMonitor` throws, for a running machine. */
export async function listDrives(
  definition: Definition,
  { signal }: Pick<Limits, 'signal'> = {},
): Promise<readonly ListedDrive[]> {
  const { spec, files } = definition;
  const runs = readStatus(files).kind === 'running';
  const live = runs
    ? await withMonitor(definition, async (qmp) => qmp.execute('query-block'), { signal })
    : [];
  return spec.cdroms.map((drive) => {
    const found = live.find(({ qdev }) => qdev === deviceId(drive));
    return { ...drive, locked: found?.locked, open: found && found.tray_open === true };
  });
}

async function changeLive(
  definition: Definition,
  drive: StoredCdrom,
  medium: string | undefined,
  options: Omit<ChangeCdOptions, 'drive'>,
): Promise<void> {
  const { files } = definition;
  removeLinkedFiles(files);
  await withMonitor(
    definition,
    async (qmp) => {
      const change = async (path?: string): Promise<void> =>
        changeMedium(qmp, deviceId(drive), path, options);
      if (medium === undefined) await change();
      else await openLinkedFile(files, medium, change);
    },
    { waitsForGuest: true, signal: options.signal },
  );
  const plan = readPlan(files);
  const cdroms = plan.cdroms.map((one) => (one.name === drive.name ? { ...one, path: medium } : one));
  replacePlan(files, { ...plan, cdroms });
}

function runsWith({ files }: Definition, drive: StoredCdrom): boolean {
  if (readStatus(files).kind !== 'running') return false;
  return readPlan(files).cdroms.some(({ name }) => name === drive.name);
}

/** Returns the drive's device id on QEMU's command line. */
function deviceId({ name }: StoredCdrom): string {
  return `${name}-device`;
}

function driveWith(name: string, path: string | undefined): StoredCdrom {
  return { name, ...(path !== undefined && { path }) };
}

function requireDrive({ spec }: Definition, wanted: string | undefined): StoredCdrom {
  const names = spec.cdroms.map(({ name }) => name).join(', ');
  const [only, ...others] = spec.cdroms;
  if (!only) {
    throw new InvalidInputError('drive', `machine "${spec.name}" has no CD drive`, {
      hint: `add a drive, effective from the next start: vmlet cd add ${spec.name}`,
    });
  }
  if (wanted === undefined && others.length > 0) {
    throw new InvalidInputError('drive', `machine "${spec.name}" has several CD drives`, {
      hint: `choose one of: ${names}`,
    });
  }
  const found = wanted === undefined ? only : spec.cdroms.find(({ name }) => name === wanted);
  if (found) return found;
  throw new InvalidInputError('drive', `no such CD drive in machine "${spec.name}": ${wanted ?? ''}`, {
    hint: `choose one of: ${names}`,
  });
}
