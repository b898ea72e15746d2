import { join } from 'node:path';
import { BRIDGE_MACS, ON_BRIDGE, SERVE } from '../../systems/guest-scripts.ts';
import { BRIDGE, type UserImage } from '../../systems/ordinary-user.ts';
import { until } from '../../until.ts';
import type { Lab } from './lab.ts';
import type { Pair } from './pings.ts';

const PATIENCE_MS = 30_000;

interface Member {
  readonly image: UserImage;
  readonly networks: readonly Network[];
}

export type Network = 'lan' | 'dmz';
export const NETWORKS: readonly Network[] = ['lan', 'dmz'];

const MEMBERS: Readonly<Record<string, Member>> = {
  web: { image: 'debian', networks: ['lan', 'dmz'] },
  db: { image: 'debian', networks: ['lan'] },
  queue: { image: 'debian', networks: ['dmz'] },
  cache: { image: 'micro', networks: ['lan', 'dmz'] },
  mail: { image: 'micro', networks: ['lan'] },
};
export const NAMES = Object.keys(MEMBERS);
/** None of them is ever ended: Debian takes long to boot where the CPU is emulated. */
export const PAIRS: Readonly<Record<Network, Pair>> = {
  lan: { from: 'web', to: 'db.lan' },
  dmz: { from: 'web', to: 'queue.dmz' },
};
export const pingingIn = (network: Network): string[] =>
  [PAIRS[network].from, PAIRS[network].to].map((name) => name.replace(`.${network}`, ''));
export const MORTALS: readonly string[] = ['cache', 'mail'];

/** The images and cards that this host can give the members. */
export interface Kinds {
  /** Three have Debian; otherwise all have micro. */
  readonly areDebian: boolean;
  /** Two have another card on a bridge. */
  readonly areOnBridge: boolean;
}

/** Five machines in two networks, each with a web server and a forward to it. */
export class Members {
  readonly lab: Lab;
  readonly #kinds: Kinds;

  constructor(lab: Lab, kinds: Kinds) {
    this.lab = lab;
    this.#kinds = kinds;
  }

  networksOf(name: string): readonly Network[] {
    return MEMBERS[name]?.networks ?? [];
  }

  /** Creates and starts them all. */
  async create(): Promise<void> {
    for (const network of NETWORKS) await this.lab.vmlet('network', 'create', network);
    for (const [name, { image, networks }] of Object.entries(MEMBERS)) {
      const mac = this.#macOf(name);
      const cards = [
        ...['--network', 'auto', ...networks.flatMap((network) => ['--network', network])],
        ...(mac === undefined ? [] : ['--network', `bridge=${BRIDGE}:mac=${mac}`]),
      ];
      await this.lab.create(name, this.#kinds.areDebian ? image : 'micro', ...cards, '-p', '80');
    }
    await this.lab.vmlet('start', ...NAMES);
    await Promise.all(
      NAMES.map(async (name) => {
        await this.lab.vmlet('wait', name, '--for', 'agent', '--timeout', '10m');
        await this.#setUp(name);
      }),
    );
    if (this.#kinds.areDebian) await this.#givePing();
  }

  async restart(name: string): Promise<void> {
    await this.lab.vmlet('start', name);
    await this.#setUp(name);
  }

  /** It reaches its neighbours by name, on the bridge too, and they reach it. @returns a sentence for each failure. */
  async unreached(name: string): Promise<readonly string[]> {
    const losses: string[] = [];
    for (const network of this.networksOf(name)) {
      const others = NAMES.filter((other) => this.networksOf(other).includes(network));
      losses.push(...(await this.lab.lossesOf(name, network, others)));
      const neighbour = others.find((other) => other !== name) ?? name;
      losses.push(...(await this.lab.lossesOf(neighbour, network, [name])));
    }
    if (this.#macOf(name) === undefined) return losses;
    for (const [from, to] of [Object.keys(BRIDGE_MACS), Object.keys(BRIDGE_MACS).reverse()]) {
      losses.push(...(await this.lab.pingAll(from!, [`${to}.bridge`, `${to}6.bridge`])).lost);
    }
    return losses;
  }

  /** Its forward leads to the server in its guest. */
  async unserved(name: string): Promise<readonly string[]> {
    const found = this.lab.home.store.look(name);
    const ports = found && 'ports' in found ? found.ports : [];
    const forward = ports.find(({ guestPort }) => guestPort === 80);
    if (!forward) return [`${name} has no forward`];
    return patiently(`the forward of ${name} does not answer`, async () => {
      try {
        const answer = await fetch(`http://127.0.0.1:${forward.hostPort}/`, {
          signal: AbortSignal.timeout(2000),
        });
        return (await answer.text()).trim() === name;
      } catch {
        // Refused or cut while passt is starting.
        return false;
      }
    });
  }

  /** Ends them all. @returns what is left of them and of the networks. */
  async end(): Promise<readonly string[]> {
    const { home, networks } = this.lab;
    await this.lab.vmlet('kill', ...NAMES);
    const wrong = await patiently('processes of the networks are left', () => home.processes().length === 0);
    const found = await Promise.all(NETWORKS.map(async (one) => networks.get(one)));
    const running = found.filter((one) => one.switch);
    await this.lab.vmlet('rm', '--force', '--storage', ...NAMES);
    await this.lab.vmlet('network', 'rm', ...NETWORKS);
    return [...wrong, ...running.map(({ name }) => `the switch of ${name} is left`)];
  }

  /** After each of its boots. */
  async #setUp(name: string): Promise<void> {
    const mac = this.#macOf(name);
    if (mac !== undefined) await this.lab.inGuest(name, ON_BRIDGE, mac, BRIDGE_MACS['mail']!);
    await this.lab.inGuest(name, SERVE, name);
  }

  /** The tests' Debian has no ping; busybox is one by that name. */
  async #givePing(): Promise<void> {
    const file = join(this.lab.home.path, 'ping');
    await this.lab.vmlet('cp', 'cache:/bin/busybox', file);
    for (const [name, { image }] of Object.entries(MEMBERS)) {
      if (image === 'debian') await this.lab.vmlet('cp', file, `${name}:/usr/bin/ping`);
    }
  }

  #macOf(name: string): string | undefined {
    return this.#kinds.areOnBridge ? BRIDGE_MACS[name] : undefined;
  }
}

/** @returns the problem if it does not become true in time. */
export async function patiently(
  problem: string,
  look: () => boolean | Promise<boolean>,
): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE_MS;
  const wasTrue = await until(async () => ((await look()) ? 'yes' : performance.now() > deadline && 'no'));
  return wasTrue === 'yes' ? [] : [problem];
}
