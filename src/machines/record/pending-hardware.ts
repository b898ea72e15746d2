import { MachineStateError } from '../../errors/index.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';
import { pendingChanges } from '../spec/pending-changes.ts';
import { type StoredMounts, withTags } from '../spec/stored-mounts.ts';
import type { Definition } from './definition.ts';
import { readPlan } from './machine-plan-file.ts';
import { readStatus } from './machine-status.ts';

type Mounts = Pick<NamedPlan, 'shares' | 'volumes' | 'tmpfs'>;
type Drives = Pick<MachineSpec, 'disks' | 'cdroms'>;

/** Settings that saved memory depends on. */
const HARDWARE: Readonly<Record<string, string>> = {
  memory: 'memory size',
  cpus: 'number of processors',
  accel: 'accelerator',
  cpu: 'processor model',
  net: 'network card',
  mac: 'MAC address',
  tpm: 'TPM',
  display: 'screen',
};

/**
 * The next start of a saved machine has the devices of the definition, and memory fits only the devices it was saved
 * with.
 * @throws MachineStateError for a running machine that has other hardware or mounts after its next start.
 */
export function refusePendingHardware({ spec, files }: Definition): void {
  const plan = readPlan(files);
  const status = readStatus(files);
  const [setting] = pendingChanges(spec, plan.settings).flatMap((name) => HARDWARE[name] ?? []);
  const [drive] = pendingDrives(spec, plan);
  const [target] = pendingMounts(spec, plan);
  const changed = setting ?? drive ?? (target === undefined ? undefined : `mount at ${target}`);
  if (changed === undefined || status.kind !== 'running') return;
  throw new MachineStateError(
    spec.name,
    status.state,
    `cannot be saved: its ${changed} has changed since the start`,
    {
      hint: `restart the machine first: vmlet restart ${spec.name}; or stop it instead of saving it: vmlet stop ${spec.name}`,
    },
  );
}

/** Returns the disks and CD drives that the next start adds, removes, or opens in another way. */
export function pendingDrives(spec: Drives, plan: Pick<NamedPlan, 'disks' | 'cdroms'>): string[] {
  const now = drivesOf(
    plan.disks.map(({ nodeName: name, readOnly }) => ({ name, readOnly })),
    plan.cdroms,
  );
  return differences(now, drivesOf(spec.disks, spec.cdroms));
}

/** Returns descriptions by the hardware of which they are. */
function drivesOf(
  disks: readonly { readonly name: string; readonly readOnly: boolean }[],
  cdroms: readonly { readonly name: string }[],
): Map<string, string> {
  return new Map([
    ...disks.map(({ name, readOnly }) => [`disk ${name} ${readOnly}`, `disk ${name}`] as const),
    // A drive's port depends on its place.
    ...cdroms.map(({ name }, place) => [`drive ${place} ${name}`, `CD drive ${name}`] as const),
  ]);
}

/** Returns the paths in the guest that were added or removed since the start, without those that changed at once. */
export function pendingMounts(spec: StoredMounts, plan: Mounts): string[] {
  const now = devicesOf(plan);
  const next = devicesOf({
    shares: withTags(spec.shares),
    volumes: spec.volumes ?? [],
    tmpfs: spec.tmpfs ?? [],
  });
  return differences(now, next);
}

function differences(now: ReadonlyMap<string, string>, next: ReadonlyMap<string, string>): string[] {
  return [...new Map([...now, ...next])]
    .filter(([device]) => !(now.has(device) && next.has(device)))
    .map(([, text]) => text);
}

interface Mounted {
  readonly target: string;
}

/** Returns paths in the guest by what is mounted there. */
function devicesOf(mounts: {
  readonly shares: readonly (Mounted & { readonly tag: string })[];
  readonly volumes: readonly (Mounted & { readonly name: string })[];
  readonly tmpfs: readonly Mounted[];
}): Map<string, string> {
  const { shares, volumes, tmpfs } = mounts;
  return new Map([
    ...shares.map(({ tag, target }) => [`directory ${tag} ${target}`, target] as const),
    ...volumes.map(({ name, target }) => [`volume ${name} ${target}`, target] as const),
    ...tmpfs.map(({ target }) => [`tmpfs ${target}`, target] as const),
  ]);
}
