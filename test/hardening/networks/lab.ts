import { type MachineStatus, NetworkStore } from '../../../src/machines/index.ts';
import type { Home } from '../../e2e/named/home.ts';
import { HARDWARE, type UserImage } from '../../systems/ordinary-user.ts';
import { readAt } from './read-at.ts';

/** Prints its IPv4 addresses, and the names that do not answer. The first packets may be lost. */
const REACH =
  'ip -o -4 addr; for name; do for at in 1 2 3; do ping -c 1 -W 2 "$name" > /dev/null 2>&1 && continue 2; done; ' +
  'echo "lost $name"; done';

type RunningStatus = Extract<MachineStatus, { kind: 'running' }>;

/** A home with members of private networks, and what is true of them. */
export class Lab {
  readonly home: Home;
  readonly networks: NetworkStore;

  constructor(home: Home) {
    this.home = home;
    this.networks = new NetworkStore(home.environment);
  }

  /** Runs the command, and returns its output. @throws Error with its words when it fails. */
  async vmlet(...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.home.vmlet(...args);
    if (status !== 0)
      throw new Error(`vmlet ${args.join(' ')} ended with ${String(status)}: ${stderr.trim()}`);
    return stdout;
  }

  async create(name: string, image: UserImage, ...flags: string[]): Promise<void> {
    await this.vmlet('create', name, ...HARDWARE[image], ...flags);
  }

  /** Runs a shell script in a guest. @throws Error with its words when it fails. */
  async inGuest(name: string, script: string, ...words: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.home.exec(name, 'sh', '-c', script, ...words);
    if (status !== 0) throw new Error(`a script in ${name} ended with ${String(status)}: ${stdout}${stderr}`);
    return stdout;
  }

  status(name: string): MachineStatus {
    return this.home.store.get(name).status();
  }

  running(name: string): RunningStatus {
    const status = this.status(name);
    if (status.kind !== 'running') throw new Error(`${name} is not running, but ${status.kind}`);
    return status;
  }

  /** The name of the keeper’s helper for a machine’s card. */
  cardOf(name: string, network: string): string {
    const { networks = [] } = this.home.store.get(name).spec;
    const place = networks.findIndex((one) => one.network === network);
    if (place < 0) throw new Error(`${name} is not in ${network}`);
    return `card${networks[place]?.card ?? place}`;
  }

  /** The hosts file as the guest has it. */
  async hostsOf(name: string): Promise<string> {
    return this.#read(name, '/etc/hosts');
  }

  /** Returns the guest’s number for its present boot. */
  async bootOf(name: string): Promise<string> {
    return this.#read(name, '/proc/sys/kernel/random/boot_id');
  }

  async #read(name: string, path: string): Promise<string> {
    return readAt(this.home.store.get(name).files.agentSocket, path);
  }

  /** @returns a sentence for each false name in a running machine’s hosts file, and for each one that is missing. */
  async liesInHosts(name: string): Promise<string[]> {
    const { networks = [] } = this.home.store.get(name).spec;
    const own = await Promise.all(networks.map(async ({ network }) => this.networks.get(network)));
    const expected = own.flatMap(({ name: network, members }) =>
      members.map(({ address, name, alias }) =>
        [
          `${network}: ${address}`,
          ...[name, alias].flatMap((one) => (one ? [one, `${one}.${network}`] : [])),
        ].join(' '),
      ),
    );
    const found = namesIn(await this.hostsOf(name));
    return [
      ...expected.filter((line) => !found.includes(line)).map((line) => `${name} lacks “${line}”`),
      ...found.filter((line) => !expected.includes(line)).map((line) => `${name} has “${line}”`),
    ];
  }

  /** Pings other members by name. @returns a sentence for each that does not answer, or for an address that it lacks. */
  async lossesOf(name: string, network: string, others: readonly string[]): Promise<string[]> {
    const { members } = await this.networks.get(network);
    const own = members.find((member) => member.name === name)?.address ?? 'none';
    const names = others.filter((other) => other !== name).map((other) => `${other}.${network}`);
    const { said, lost } = await this.pingAll(name, names);
    return said.includes(`inet ${own}/`) ? lost : [`${name} has not its address ${own}`, ...lost];
  }

  /** Pings names. @returns the machine's addresses, and a sentence for each name that does not answer. */
  async pingAll(
    name: string,
    names: readonly string[],
  ): Promise<{ readonly said: string; readonly lost: string[] }> {
    const said = await this.inGuest(name, REACH, 'sh', ...names);
    const lost = [...said.matchAll(/^lost (\S+)$/gm)].map(([, other]) => `${name} does not reach ${other}`);
    return { said, lost };
  }
}

/** The lines that vmlet wrote, each with its network. */
function namesIn(hosts: string): string[] {
  let network: string | undefined;
  return hosts.split('\n').flatMap((line) => {
    const [, begun] = /^# vmlet (\S+)$/.exec(line) ?? [];
    if (begun !== undefined || line.startsWith('# end of vmlet')) {
      network = begun;
      return [];
    }
    return network === undefined ? [] : [`${network}: ${line}`];
  });
}
