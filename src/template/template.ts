import { InvalidInputError, TemplateStaleError } from '../errors/index.ts';
import type { Host } from '../host/survey/host.ts';
import { probeHost } from '../host/probe.ts';
import { currentBootId } from '../process/procfs/identity.ts';
import { planNetworkHere } from '../network/probe/host-network.ts';
import { chooseHostPorts } from '../network/ports/host-port.ts';
import { type BoundNetworkPlan, type RequestedBackend, withMac } from '../network/plan/network.ts';
import { freeSocketPath } from '../network/ports/free-socket-path.ts';
import type { SocketForward } from '../network/ports/socket-forward.ts';
import { FileMeter } from '../util/files/file-usage.ts';
import { Scope } from '../util/scope.ts';
import { EMBEDDED_WIRING, claimMachineDirectory } from '../machine/qemu/embedded-machine.ts';
import type { Locations } from '../machine/paths/locations.ts';
import type { Machine } from '../machine/running/machine.ts';
import { newMac } from '../network/card/network-card.ts';
import { withPortChoices } from '../network/ports/port-choices.ts';
import { parseNetworks } from '../machine/network/network-place.ts';
import type { DryRun } from '../machine/launch/dry-run.ts';
import type { Plan } from '../machine/plan/plan.ts';
import { refuseNamedOwners } from '../machine/share/guest-owner.ts';
import type { HostSystemShare } from '../machine/share/host-system.ts';
import { findMounts } from '../machine/survey/find-mounts.ts';
import type { FoundDisk, FoundMounts } from '../machine/survey/found-spec.ts';
import { openVolumes } from '../machine/volume/open-volume.ts';
import { type ForkOptions, type ForkSpec, parseForkOptions, timeoutOf } from './fork-options.ts';
import { type ForkInputs, type OwnFiles, persistentFiles, planFork } from './fork-plan.ts';
import { type ForkExtras, PendingFork } from './pending-fork.ts';
import { forkName } from './renew-fork.ts';
import { persistFiles } from './save-guest.ts';
import {
  type TemplateBasis,
  basisDifferences,
  basisOf,
  hasSameFiles,
  hasSamePrograms,
} from './template-basis.ts';
import { type TemplateFiles, templateFiles } from './template-files.ts';
import { type TemplateRecord, writeRecord } from './template-record.ts';

interface SettledFork extends Pick<ForkInputs, 'host' | 'name' | 'network'> {
  readonly mounts: FoundMounts;
  readonly sockets: readonly SocketForward[];
}

/** Properties of a fork that do not come from its template. */
export interface ForkTerms {
  /** The host, if the caller has probed it already. */
  readonly host?: Host;
  /** Resource limits of its QEMU in place of those of the template. */
  readonly limits?: Pick<Plan, 'cgroup'>;
  /** Closed with the machine, or when the fork fails. */
  readonly scope?: Scope;
  /** The host's system, to which a guest of `micro` switches; none by default. */
  readonly hostSystem?: HostSystemShare | undefined;
  /** Extra disks, which are plugged in; none by default. */
  readonly disks?: readonly FoundDisk[];
  /** Number of the first ports for devices, which stay empty; none by default. */
  readonly emptyPorts?: number;
  /** Copies all files to these places; by default the fork needs those of the template. */
  readonly own?: OwnFiles | undefined;
}

/** A booted guest, saved with its memory and disks. Machines forked from it start in that state. */
export class Template {
  readonly #record: TemplateRecord;
  readonly #files: TemplateFiles;
  readonly #locations: Locations;

  constructor(record: TemplateRecord, directory: string, locations: Locations) {
    this.#record = record;
    this.#files = templateFiles(directory);
    this.#locations = locations;
  }

  get name(): string {
    return this.#record.name;
  }

  get createdAt(): Date {
    return new Date(this.#record.createdAt);
  }

  /** The image it was booted from, as the user wrote it. */
  get image(): string {
    return this.#record.image;
  }

  /** Memory of the guest, in bytes. */
  get memoryBytes(): number {
    return this.#record.plan.memoryBytes;
  }

  get cpus(): number {
    return this.#record.plan.cpus;
  }

  /** The machine that was saved. */
  get plan(): Plan {
    return this.#record.plan;
  }

  /** The directory of its files. */
  get directory(): string {
    return this.#files.directory;
  }

  /** Disk space that its files use on the host, in bytes. */
  get hostBytes(): number {
    return new FileMeter().measure(this.directory).hostBytes;
  }

  /** Everything that its saved memory depends on: descriptions by part. */
  get basis(): TemplateBasis {
    return this.#record.basis;
  }

  /** Digest of all that it was created from, equal for templates with the same inputs. */
  get inputs(): string {
    return this.#record.inputs;
  }

  /** False when the host has crashed or rebooted before the files were on its disk. */
  get isComplete(): boolean {
    const { unflushedSince } = this.#record;
    return unflushedSince === undefined || unflushedSince === currentBootId();
  }

  /** Whether the files outside the template, such as its image, are there and unchanged. */
  hasSources(): boolean {
    return hasSameFiles(this.#record.basis);
  }

  /** Whether the release of vmlet and the QEMU that saved it are those of now. */
  hasPrograms(): boolean {
    return hasSamePrograms(this.#record.basis, this.#record.plan);
  }

  /** Makes the files survive a crash of the host, if they do not yet. */
  async flush(): Promise<void> {
    const { unflushedSince, ...record } = this.#record;
    if (unflushedSince === undefined) return;
    await persistFiles(persistentFiles(this.#files, record.plan), this.directory);
    writeRecord(this.#files, record);
  }

  /** Describes what changed on this host since the template was created. While there is any change, `fork` throws. */
  async differences(): Promise<string[]> {
    return this.#differencesOn(await this.#probe());
  }

  #differencesOn(host: Host): string[] {
    return basisDifferences(this.#record.basis, basisOf(this.#record.plan, host));
  }

  /**
   * Starts a machine from the template's saved state and gives it an identity of its own: MAC address, host name,
   * machine id, random numbers and clock are new, and connections of the template are closed.
   * @throws TemplateStaleError, InvalidInputError, PortTakenError, LaunchError with QEMU's and the console's last
   *   lines (its cause is a TimedOutError after `timeoutMs`), or the signal's reason. Nothing of the machine remains then.
   */
  async fork(options: ForkOptions = {}): Promise<Machine> {
    return withPortChoices(options.log, async () => {
      const pending = await this.prepare(options);
      return pending.run({ ...options, timeoutMs: timeoutOf(options, this.plan.accelerator) });
    });
  }

  /** Starts a fork up to the point where its guest would run. */
  async prepare(
    options: ForkOptions = {},
    { scope = new Scope(), ...terms }: ForkTerms = {},
  ): Promise<PendingFork> {
    const { plan, host, extras } = await this.#plan(options, terms, scope).catch(async (error: unknown) => {
      await scope.close();
      throw error;
    });
    options.log?.debug({ template: this.name }, 'forking');
    return PendingFork.start(plan, host, this.#files, this.#record, { ...options, ...extras }, scope);
  }

  async #plan(
    options: ForkOptions,
    terms: Omit<ForkTerms, 'scope'>,
    scope: Scope,
  ): Promise<{ readonly plan: Plan; readonly host: Host; readonly extras: ForkExtras }> {
    const settled = await this.#settle(options, terms.host);
    const { host, mounts, sockets } = settled;
    for (const { path } of sockets) await freeSocketPath(path, options.signal);
    const directory = claimMachineDirectory(this.#locations, scope, terms.own?.storage);
    const wiring = EMBEDDED_WIRING;
    const plan = this.#planFork({ ...settled, directory, wiring }, terms);
    await openVolumes(this.#locations, mounts.volumes, scope, options.signal);
    return { host, plan, extras: { copies: mounts.copies, sockets } };
  }

  /**
   * Describes what `fork` would start, without starting it. A guest started by the script keeps the template's
   * identity, MAC address included: nothing personalizes it.
   * @throws TemplateStaleError, InvalidInputError, PortTakenError.
   */
  async dryRun(
    options: Omit<ForkOptions, 'console' | 'log'> = {},
    terms: Omit<ForkTerms, 'scope'> = {},
  ): Promise<DryRun> {
    const { IN_SCRIPT, directoryByHand, refuseMac, refuseNetworks, wiringByHand } =
      await import('../machine/launch/dry-run.ts');
    const { forkScript } = await import('./fork-script.ts');
    refuseNetworks(parseNetworks(options.networks ?? [], this.name));
    refuseMac(options.mac);
    const settled = await this.#settle(options, terms.host);
    const { host, network, mounts } = settled;
    refuseNamedOwners([...mounts.shares, ...mounts.copies], IN_SCRIPT);
    const directory = directoryByHand(this.#locations);
    const wiring = wiringByHand(directory);
    const origin = this.#record.plan;
    const plan: Plan = {
      ...this.#planFork({ ...settled, directory, wiring }, terms),
      network: network && origin.network && { ...network, guest: origin.network.guest },
      startPaused: false,
    };
    return { origin: 'template', plan, script: forkScript(plan, host, this.#files, this.#record) };
  }

  #planFork(
    inputs: Omit<ForkInputs, 'cgroup' | 'hostSystem' | 'disks' | 'emptyPorts' | 'own'>,
    terms: Omit<ForkTerms, 'scope' | 'host'>,
  ): Plan {
    const { limits = this.#record.plan, hostSystem, disks = [], emptyPorts = 0, own } = terms;
    const { cgroup } = limits;
    return planFork(this.#record, this.#files, { ...inputs, cgroup, hostSystem, disks, emptyPorts, own });
  }

  async #settle(options: ForkOptions, probed: Host | undefined): Promise<SettledFork> {
    const { name = forkName(this.name), ports, sockets, net, mac, ...mounts } = parseForkOptions(options);
    options.signal?.throwIfAborted();
    if (!this.#record.plan.network) this.#refuseNetwork({ ports, mac });
    const host = probed ?? (await this.#probe());
    const differences = this.#differencesOn(host);
    if (differences.length > 0) throw new TemplateStaleError(this.name, differences);
    const found = findMounts(mounts, host, this.#locations);
    const network = await this.#bindNetwork({ net, ports, mac }, host, options.signal);
    return { host, name, network, mounts: found, sockets };
  }

  async #probe(): Promise<Host> {
    return probeHost({ cacheDirectory: this.#locations.cache });
  }

  /** The saved state of a guest with slirp includes slirp's own, which only slirp can restore. */
  #backendOf(net: RequestedBackend): RequestedBackend {
    if (this.#record.plan.network?.backend !== 'slirp') return net;
    if (net !== 'passt') return 'slirp';
    throw new InvalidInputError(
      'net',
      `template "${this.name}" was created with slirp, so every machine from it uses slirp`,
      {
        hint: 'leave out --net, or create the template again with: --net passt',
      },
    );
  }

  #refuseNetwork({ ports, mac }: Pick<ForkSpec, 'ports' | 'mac'>): void {
    const field = ports.length > 0 ? 'ports' : mac === undefined ? undefined : 'mac';
    if (field === undefined) return;
    throw new InvalidInputError(field, `template "${this.name}" was created without a network`, {
      hint: `leave out the ${field === 'ports' ? 'port forwards' : 'MAC address'}, or create the template with a network`,
    });
  }

  async #bindNetwork(
    { net, ports, mac = newMac() }: Pick<ForkSpec, 'net' | 'ports' | 'mac'>,
    host: Host,
    signal: AbortSignal | undefined,
  ): Promise<BoundNetworkPlan | undefined> {
    const { network: origin, cards } = this.#record.plan;
    if (!origin) return undefined;
    if (net === 'none') {
      throw new InvalidInputError(
        'net',
        `template "${this.name}" has a network, so every fork of it has one`,
        {
          hint: 'create a template without a network: --net none, with --network-cards N if its forks join private networks',
        },
      );
    }
    if (cards.some((card) => card.mac === mac)) {
      throw new InvalidInputError('mac', `${mac} is taken by another card of template "${this.name}"`, {
        hint: 'choose another MAC address, or leave it out',
      });
    }
    const network = planNetworkHere(this.#backendOf(net), ports, host.passt, false);
    const forwards = await chooseHostPorts(network.forwards, signal);
    return withMac({ ...network, forwards }, mac);
  }
}
