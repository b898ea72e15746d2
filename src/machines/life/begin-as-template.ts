import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { GuestSetupError } from '../../errors/index.ts';
import { copyFileSparsely } from '../../images/formats/sparse-copy.ts';
import { DATA_LABEL, DATA_PATH, STAY_PATH } from '../../images/micro/stay-script.ts';
import type { Locations } from '../../machine/paths/locations.ts';
import type { Plan } from '../../machine/plan/plan.ts';
import { queryMachineType } from '../../machine/qemu/hardware.ts';
import { CHARDEVS } from '../../machine/qemu/guest-ports.ts';
import { guestAgentPort } from '../../machine/qemu/named-argv.ts';
import { sharePort } from '../../machine/qemu/root-port.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { attachDisk } from '../../machine/state/live-disk.ts';
import { saveState } from '../../machine/state/saved-state.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { type ForkOptions, timeoutOf } from '../../template/fork-options.ts';
import { TemplateShelf } from '../../template/template-shelf.ts';
import type { Limits } from '../../util/time/deadline.ts';
import { planDisk } from '../plan/machine-plan.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { refuseShareWithoutState } from '../record/mount-memory.ts';
import { writeSavedNote } from '../record/saved-note.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';

/** The steps of a named machine's boot: waits for the disk, mounts it, and opens a shell on the console. */
const SETTLE = `
modprobe -q virtio_pci; modprobe -q virtio_blk
tries=0
until [ "$1" = 0 ] || findfs LABEL=${DATA_LABEL} >/dev/null 2>&1
do
  tries=$((tries + 1))
  [ "$tries" -le 300 ] || { echo "the disk of the machine did not appear in the guest within 30 s" >&2; exit 1; }
  sleep 0.1
done
# Never the last command, which the shell becomes: setsid does not wait for the program of a session's leader.
[ ! -x /${STAY_PATH} ] || setsid /${STAY_PATH} </dev/null >/dev/null 2>&1
[ "$1" = 0 ] || grep -q ' ${DATA_PATH} ' /proc/mounts || { echo "the disk of the machine cannot be mounted at ${DATA_PATH}" >&2; exit 1; }`;

export interface Beginning {
  readonly template: string;
  readonly spec: MachineSpec;
  readonly mac: string | undefined;
  /** As for a fork. */
  readonly mounts: Pick<ForkOptions, 'volumes' | 'mounts'>;
}

/**
 * Gives a new machine the memory of a template, as if it had been saved: forks the template, adds the devices that named
 * machines have besides, and saves the fork.
 * @returns the machine as it is then.
 * @throws what `Template.fork` and `saveState` throw, GuestSetupError.
 */
export async function beginAsTemplate(
  locations: Locations,
  { template, spec, mac, mounts }: Beginning,
  files: Pick<MachineFiles, 'storage' | 'savedState' | 'savedStateNote'>,
  { signal }: Limits,
): Promise<MachineSpec> {
  const options = { name: spec.name, mac, ...mounts, ...(signal && { signal }) };
  // A disk's port has the disk's number.
  const origin = new TemplateShelf(locations).require(template);
  const timeoutMs = timeoutOf({}, origin.plan.accelerator);
  const pending = await origin.prepare(options, { emptyPorts: spec.disks.length });
  await using fork = await pending.run({ ...options, timeoutMs });
  const { qmp, plan } = fork;
  const { storage } = plan.directory;
  refuseShareWithoutState(plan.shares);
  const machineType = await queryMachineType(qmp);
  await plugAgentPort(qmp);
  // QEMU reaches only the fork's own directory.
  const disks = spec.disks.map((disk, index) => {
    const planned = planDisk(disk, index, files);
    return {
      home: planned.path,
      plan: { ...planned, path: join(storage, `${disk.name}.own`), bootIndex: undefined },
    };
  });
  for (const { home, plan: disk } of disks) {
    await copyFileSparsely(home, disk.path, signal);
    await attachDisk(qmp, disk, { signal });
  }
  await settle(fork, disks.length, signal);
  const saved = join(storage, 'saved-state');
  // A fork was restored without its memory, which is a file; the machine's is in the state.
  const capabilities = [{ capability: 'x-ignore-shared' as const, state: false }];
  await qmp.execute('migrate-set-capabilities', { capabilities });
  await saveState(qmp, saved, { signal });
  // From here on the fork must not run.
  await moveHome(saved, files.savedState, signal);
  for (const { home, plan: disk } of disks) await moveHome(disk.path, home, signal);
  writeSavedNote({ files }, { wasRunning: true, machineType, rootPorts: portsOf(plan), bridgeMtus: {} });
  return { ...spec, hasGenerationId: true, mac: plan.network?.guest.mac ?? spec.mac };
}

/** A directory's port has another name in a named machine; the guest knows its address only. */
function portsOf({ rootPorts, shares }: Pick<Plan, 'rootPorts' | 'shares'>): string[] {
  return rootPorts.map((port) => {
    const share = shares.find((one) => one.port === port);
    return share ? sharePort(share.tag) : port;
  });
}

/** The port of QEMU's guest agent; nothing listens there in micro, but all named machines have it. */
async function plugAgentPort(qmp: QmpClient): Promise<void> {
  await qmp.execute('chardev-add', { id: CHARDEVS.qga, backend: { type: 'null', data: {} } });
  await qmp.execute('device_add', guestAgentPort());
}

async function settle(fork: Machine, disks: number, signal: AbortSignal | undefined): Promise<void> {
  const { exitCode, stderr } = await fork.exec(['sh', '-c', SETTLE, 'sh', String(disks)], {
    ...(signal && { signal }),
  });
  if (exitCode !== 0)
    throw new GuestSetupError(`preparing machine "${fork.name}"`, exitCode, stderr.toString());
}

/** Replaces the target atomically, even if the source is on another file system. */
async function moveHome(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  await copyFileSparsely(from, `${to}.new`, signal);
  await rename(`${to}.new`, to);
}
