import { useEffect } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import type { Addresses, Disk, Plan, PlannedPort, PublishedSocket, SoundMachine } from '../api/types.ts';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { pendingOf } from '../parts/state.tsx';
import { Port } from '../parts/ports.tsx';
import { useLoaded } from '../state/loaded.ts';
import { Fact, Section } from './facts.tsx';

type Spec = SoundMachine['spec'];
type Backing = Spec['disks'][number]['backing'];

const IDENTITIES = {
  own: 'its own',
  copied: 'copied; the guest gets its own identity at the next start',
} as const;
const BOOTS = { firmware: 'by the firmware', image: 'the kernel of an image', kernel: 'a kernel' } as const;
const PPM_OF_PERCENT = 1e4;
const BITS = 8;
/** How often a guest without an agent is asked for its addresses. */
const AGAIN_MS = 10_000;

export function StateFacts({ spec, status, pendingChanges }: SoundMachine) {
  const isRunning = status.kind === 'running';
  const processes = isRunning && { 'vmlet-keeper': status.keeper, QEMU: status.qemu, ...status.helpers };
  const { command } = spec;
  return (
    <Section title="State">
      <Fact name="State">{status.description}</Fact>
      <Fact name="Settings">{pendingOf(pendingChanges)}</Fact>
      <Fact name="Started">{isRunning && moment(status.startedAt)}</Fact>
      <Fact name="Ended">{'endedAt' in status && status.endedAt && moment(status.endedAt)}</Fact>
      <Fact name="Processes">
        {Object.entries(processes || {}).map(([name, own]) => own && `${name} ${own.pid}`)}
      </Fact>
      <Fact name="Created">{moment(spec.createdAt)}</Fact>
      <Fact name="Protected">{spec.protected ? 'yes' : 'no'}</Fact>
      <Fact name="Command">
        {command && <code>{shellCommand(...command.argv)}</code>}
        {command?.user && `as ${command.user}`}
        {command?.cwd && <code>{command.cwd}</code>}
        {Object.entries(command?.env ?? {}).map(([key, value]) => (
          <code key={key}>{`${key}=${value}`}</code>
        ))}
        {command?.remove && 'the machine is removed when the command has ended'}
      </Fact>
      <Fact name="First boot">{spec.hasSeed && 'configured by a disk with cloud-init data'}</Fact>
      <Fact name="Guest’s identity">
        {IDENTITIES[spec.guestIdentity]}
        {spec.identityRenewedAt !== undefined && `since ${moment(spec.identityRenewedAt)}`}
        {spec.hasGenerationId && 'the guest is notified when its memory is restored'}
      </Fact>
      <Fact name="Id">
        <code>{spec.id}</code>
      </Fact>
    </Section>
  );
}

interface HardwareProperties extends Pick<SoundMachine, 'spec' | 'pendingChanges'> {
  readonly plan: Plan | undefined;
}

export function HardwareFacts({ spec, plan, pendingChanges }: HardwareProperties) {
  const { firmware, boot, installer, limits, cpuLevel } = spec;
  return (
    <Section title="Hardware">
      <Fact name="Processors">
        {String(spec.cpus)}
        {`model ${spec.cpu}`}
        {cpuLevel && `at least ${cpuLevel}`}
      </Fact>
      <Fact name="Accelerator">
        {spec.accel}
        {spec.accel === 'auto' && plan && !pendingChanges.includes('accel') && chosen(plan.accelerator)}
      </Fact>
      <Fact name="Memory">{bytes(spec.memoryBytes)}</Fact>
      <Fact name="Limits">
        {limits?.cpus !== undefined && `${limits.cpus} processors`}
        {limits?.memoryBytes !== undefined && `${bytes(limits.memoryBytes)} of memory`}
      </Fact>
      <Fact name="Boot">
        {BOOTS[boot.kind]}
        {'image' in boot && boot.image}
        {'kernel' in boot && <code>{boot.kernel}</code>}
        {'initrd' in boot && <code>{boot.initrd}</code>}
        {'append' in boot && <code>{boot.append}</code>}
      </Fact>
      <Fact name="Installer">
        {installer && <code>{installer.kernel}</code>}
        {installer?.initrd && <code>{installer.initrd}</code>}
        {installer?.append && <code>{installer.append}</code>}
      </Fact>
      <Fact name="Firmware">
        {firmware.kind}
        {'code' in firmware && [
          firmware.secureBoot && 'Secure Boot',
          firmware.needsSmm && 'SMM',
          file(firmware.code),
          <>variables from {file(firmware.varsTemplate)}</>,
        ]}
      </Fact>
      <Fact name="TPM">{spec.tpm ? 'yes' : 'no'}</Fact>
      <Fact name="Display">{spec.display}</Fact>
      <Fact name="UUID">{spec.uuid}</Fact>
    </Section>
  );
}

function chosen(accelerator: Plan['accelerator']): readonly string[] {
  const now = `now ${accelerator.kind}`;
  return accelerator.kind === 'tcg' ? [now, accelerator.reason] : [now];
}

interface DiskProperties {
  readonly spec: Spec;
  /** The image that the machine was created from. */
  readonly source: string | undefined;
  readonly sizes: readonly Disk[];
}

export function DiskFacts({ spec, source, sizes }: DiskProperties) {
  return (
    <Section title="Disks">
      <Fact name="Image">{source}</Fact>
      {spec.disks.map((disk) => {
        const size = sizes.find(({ name }) => name === disk.name)?.virtualBytes;
        return (
          <Fact key={disk.name} name={disk.name}>
            {size !== undefined && bytes(size)}
            {file({ path: disk.file, format: disk.format })}
            {disk.readOnly && 'read-only'}
            {backingOf(disk.backing)}
            {`cache ${disk.cache}`}
            {!disk.discard && 'without discard'}
            {!disk.owned && 'kept when the machine is removed'}
          </Fact>
        );
      })}
      {spec.cdroms.map(({ name: drive, path }) => (
        <Fact key={drive} name={drive}>
          {path === undefined ? 'empty' : <code>{path}</code>}
        </Fact>
      ))}
      {spec.shares?.map(({ source: directory, target, readOnly, cache, ids, tag }) => (
        <Fact key={target} name={target}>
          <code>{directory}</code>
          {readOnly && 'read-only'}
          {`cache ${cache}`}
          {ids.kind === 'host' ? 'files have the same owners as on the host' : ownerOf(ids)}
          {tag}
        </Fact>
      ))}
      {spec.copies?.map(({ source: directory, target, ids }) => (
        <Fact key={target} name={target}>
          <code>{directory}</code>
          copied at each start
          {ids.kind === 'squash' && ownerOf(ids)}
        </Fact>
      ))}
      {spec.volumes?.map(({ name, target, readOnly, sizeBytes, owner }) => (
        <Fact key={target} name={target}>
          {`volume ${name}`}
          {bytes(sizeBytes)}
          {readOnly && 'read-only'}
          {ownerOf(owner)}
        </Fact>
      ))}
      {spec.tmpfs?.map(({ target, readOnly, options }) => (
        <Fact key={target} name={target}>
          in memory
          <code>{options}</code>
          {readOnly && 'read-only'}
        </Fact>
      ))}
    </Section>
  );
}

function file({ path, format }: { readonly path: string; readonly format: string }) {
  return (
    <>
      <code>{path}</code> {format}
    </>
  );
}

/** The files below a disk, the nearest first. */
function backingOf(backing: Backing): preact.ComponentChildren {
  return (
    backing && (
      <>
        on {file(backing)}
        {backing.backing && <> {backingOf(backing.backing)}</>}
      </>
    )
  );
}

function ownerOf({ uid, gid }: { readonly uid: number; readonly gid: number }): string {
  return `owner ${uid}:${gid}`;
}

interface NetworkProperties {
  readonly machine: SoundMachine;
  readonly plan: Plan | undefined;
  readonly ports: readonly PlannedPort[];
  readonly sockets: readonly PublishedSocket[];
  readonly live: boolean;
}

export function NetworkFacts({ machine, plan, ports, sockets, live }: NetworkProperties) {
  const { spec, pendingChanges } = machine;
  return (
    <Section title="Network">
      <Fact name="Backend">
        {spec.net}
        {spec.net === 'auto' &&
          plan?.network &&
          !pendingChanges.includes('net') &&
          `now ${plan.network.backend}`}
      </Fact>
      <Fact name="Bridge">{spec.bridge}</Fact>
      <Fact name="MAC address">{spec.mac}</Fact>
      {machine.state === 'running' && <AddressFact machine={machine} />}
      {spec.bridges?.map(({ bridge, mac }) => (
        <Fact key={mac} name="Bridge">
          {bridge}, {mac}
        </Fact>
      ))}
      {ports.map((port) => (
        <Fact key={`${port.guestPort}/${port.protocol} ${port.hostAddress}:${port.hostPort}`} name="Port">
          <Port port={port} live={live} />
          {'ephemeral' in port && port.ephemeral && 'chosen at start'}
          {port.automatic && 'for ssh, added by vmlet'}
        </Fact>
      ))}
      {sockets.map(({ path, guestPort }) => (
        <Fact key={path} name="Socket">
          <>
            <code>{path}</code> → {guestPort}
          </>
        </Fact>
      ))}
      {spec.networks?.map((one) => (
        <Fact key={one.network} name="Private network">
          <a href="#/networks">{one.network}</a>
          {one.alias && `as ${one.alias}`}
          {one.address}
          {one.mac}
          {one.card !== undefined && `card ${one.card}`}
          {one.mtu !== undefined && `MTU ${one.mtu}`}
          {one.latencyMs !== undefined && `latency ${one.latencyMs} ms`}
          {one.lossPpm !== undefined && `loss ${one.lossPpm / PPM_OF_PERCENT} %`}
          {one.bandwidth !== undefined && `${one.bandwidth * BITS} bit/s`}
        </Fact>
      ))}
      <Fact name="ssh user">{spec.sshUser}</Fact>
    </Section>
  );
}

/** The addresses in the guest. No event says when its agent starts, so it is asked again until then. */
function AddressFact({ machine }: { readonly machine: SoundMachine }) {
  const { data, problem, reload } = useLoaded<Addresses>(machinePath(machine.name, 'addresses'), machine);
  const isOfAgent = !problem && data?.source.endsWith('agent') === true;
  useEffect(() => {
    if (isOfAgent) return;
    const timer = setInterval(reload, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isOfAgent, reload]);
  const texts = problem ? [] : (data?.addresses.map(({ address }) => address) ?? []);
  return (
    <Fact name="Guest’s addresses">
      {[...new Set(texts)].map((address) => (
        <code key={address}>{address}</code>
      ))}
    </Fact>
  );
}

export function LabelFacts({ spec }: { readonly spec: Spec }) {
  const labels = Object.entries(spec.labels);
  return (
    labels.length > 0 && (
      <Section title="Labels">
        {labels.map(([label, value]) => (
          <Fact key={label} name={label}>
            {value || <i>empty</i>}
          </Fact>
        ))}
      </Section>
    )
  );
}
