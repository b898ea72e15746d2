import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { probeHost } from '../../src/host/probe.ts';
import { ownLocations } from '../../src/machine/paths/own-locations.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, whyNoDebianGuest } from '../debian-guest.ts';
import { readAt } from '../hardening/networks/read-at.ts';
import { becoming, VICTIM } from '../hardening/user.ts';
import { until } from '../until.ts';
import { BRIDGE_MACS, LOST, ON_BRIDGE, REACHED, SERVE } from './guest-scripts.ts';
import {
  BRIDGE,
  HARDWARE,
  type OrdinaryUser,
  type UserImage,
  makeOrdinaryUser,
  whyNoBridge,
} from './ordinary-user.ts';

vi.setConfig({ hookTimeout: DEBIAN_GUEST_TIMEOUT_MS });

const missing = whyNoDebianGuest() ?? whyNoUser();
const noBridge = missing ?? whyNoBridge();
if (noBridge !== undefined) console.warn(`skipped: ${noBridge}`);
const { qemu } = await probeHost({ cacheDirectory: ownLocations().cache });

function whyNoUser(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { status } = spawnSync('env', [...becoming(VICTIM), process.execPath, '-e', '0'], { cwd: '/' });
  return status === 0 ? undefined : `another user may not run ${process.execPath}`;
}

/** `web` has no first card but that on the bridge. */
const MACHINES: Readonly<Record<string, UserImage>> = {
  web: 'debian',
  db: 'debian',
  queue: 'debian',
  mail: 'micro',
  cache: 'micro',
};
const NETWORKS = ['lan', 'lab'];
const FORGET_NAMES_AND_REBOOT = "sed -i '/^# vmlet/,/^# end of vmlet/d' /etc/hosts && systemctl reboot";
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

interface Process {
  readonly pid: number;
}

interface Network {
  readonly name: string;
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    readonly ipv6: string;
    readonly plugged: boolean;
  }[];
  readonly switch?: Process;
}

interface Inspected {
  readonly status: {
    readonly kind: string;
    readonly description: string;
    readonly keeper: Process;
    readonly qemu: Process;
    readonly helpers: Readonly<Record<string, Process | undefined>>;
  };
  readonly ports: readonly { readonly hostPort: number; readonly guestPort: number }[];
}

/** These tests depend on their order: the machines boot once. */
describe.skipIf(missing !== undefined)('three Debian guests and two of micro, of an ordinary user', () => {
  const hasBridge = noBridge === undefined;
  let user: OrdinaryUser | undefined;

  const vmlet = async (...words: string[]): Promise<string> => user!.vmlet(...words);
  const inGuest = async (name: string, script: string, ...words: string[]): Promise<string> =>
    vmlet('exec', name, '--', 'sh', '-c', script, ...words);

  async function networks(): Promise<readonly Network[]> {
    const said = JSON.parse(await vmlet('network', 'inspect', ...NETWORKS)) as { networks: Network[] };
    return said.networks;
  }

  async function inspect(name: string): Promise<Inspected> {
    const { machines } = JSON.parse(await vmlet('inspect', name)) as { machines: [Inspected] };
    return machines[0];
  }

  async function agentSocket(name: string): Promise<string> {
    const { machines } = JSON.parse(await vmlet('inspect', name)) as { machines: [{ spec: { id: string } }] };
    return join(user!.runtime, 'vmlet', machines[0].spec.id, 'agent.sock');
  }

  async function create(name: string, ...words: string[]): Promise<void> {
    const mac = BRIDGE_MACS[name];
    const card = hasBridge && mac ? ['--net', `bridge=${BRIDGE}:mac=${mac}`] : [];
    await vmlet('create', name, ...HARDWARE[MACHINES[name]!], ...words, ...card);
  }

  /** After each of its boots. */
  async function setUp(name: string): Promise<void> {
    const mac = BRIDGE_MACS[name];
    if (hasBridge && mac) await inGuest(name, ON_BRIDGE, mac, BRIDGE_MACS['mail']!);
    await inGuest(name, SERVE, name);
  }

  /** Starts a machine of micro, whose agent answers as soon as it has started. */
  async function start(name: string): Promise<void> {
    await vmlet('start', name);
    await setUp(name);
  }

  /** Returns the neighbours that a machine does not reach, by both names and by IPv6. */
  async function lost(): Promise<string[]> {
    const pairs: Record<string, string[]> = {};
    for (const { name: network, members } of await networks()) {
      const plugged = members.filter((one) => one.plugged);
      for (const { name } of plugged) {
        const others = plugged.filter((other) => other.name !== name);
        const words = others.flatMap((to) =>
          [to.name, `${to.name}.${network}`, to.ipv6].map((at) => `${at}=${to.name}`),
        );
        pairs[name] = [...(pairs[name] ?? []), ...words];
      }
    }
    if (hasBridge) {
      pairs['web']?.push('mail.bridge=mail', 'mail6.bridge=mail');
      pairs['mail']?.push('web.bridge=web', 'web6.bridge=web');
    }
    // Those that nobody is told to reach would count as reached.
    const alone = Object.entries(pairs).find(([, words]) => words.length === 0);
    if (alone ?? Object.keys(pairs).length === 0) throw new Error(`no neighbours: ${alone?.[0] ?? 'nobody'}`);
    const each = Object.entries(pairs).map(async ([name, words]) => {
      const said = await inGuest(name, LOST, 'sh', ...words);
      return said.split('\n').flatMap((line) => (line === '' ? [] : [`${name} does not reach ${line}`]));
    });
    return (await Promise.all(each)).flat();
  }

  const allPlugged = async (): Promise<boolean> => {
    const found = await networks();
    return found.every((one) => one.switch && one.members.every(({ plugged }) => plugged));
  };

  beforeAll(async () => {
    user = await makeOrdinaryUser({ images: ['micro', 'debian'], hasBridge });
    for (const network of NETWORKS) await vmlet('network', 'create', network);
    await create('web', '--network', hasBridge ? 'none' : 'auto', '--network', 'lan');
    await create('db', '--network', 'lan', '--network', 'lab');
    await create('queue', '--network', 'lab');
    await create('mail', '--network', 'auto', '--network', 'lan', '--network', 'lab');
    await vmlet('start', 'web', 'db', 'queue', 'mail');
    await Promise.all(
      ['web', 'db', 'queue'].map(async (name) => {
        await vmlet('wait', name, '--for', 'agent', '--timeout', '6m');
        await setUp(name);
      }),
    );
    await setUp('mail');
  });
  afterAll(async () => user?.[Symbol.asyncDispose]());

  test('reach all that share a network by name, and one that starts later', async () => {
    expect(await lost()).toEqual([]);
    await create('cache', '--network', 'lan', '-p', '80');
    await start('cache');
    const [lan, lab] = await networks();
    const plugged = (network?: Network) =>
      network?.members.filter((one) => one.plugged).map(({ name }) => name);
    expect(plugged(lan)).toEqual(['cache', 'db', 'mail', 'web']);
    expect(plugged(lab)).toEqual(['db', 'mail', 'queue']);
    expect(await lost()).toEqual([]);
  });

  test('have the names again after a reboot, before a command reaches them', async () => {
    const socket = await agentSocket('db');
    const before = await readAt(socket, BOOT_ID);
    // Its disk would keep them. The command may end with the boot.
    await inGuest('db', FORGET_NAMES_AND_REBOOT).catch(() => undefined);
    // Each connection ends with the boot before, or waits for the next one.
    await until(
      async () => ![before, undefined].includes(await readAt(socket, BOOT_ID).catch(() => undefined)),
    );
    const hosts = await readAt(socket, '/etc/hosts');
    for (const name of ['cache.lan', 'mail.lan', 'web.lan', 'mail.lab', 'queue.lab']) {
      expect(hosts).toMatch(new RegExp(`^10\\..* ${name}$`, 'm'));
    }
    await setUp('db');
    expect(await lost()).toEqual([]);
  });

  test('neither know nor reach the members of a network that they are not in', async () => {
    const [lan, lab] = await networks();
    const pairs = (network: Network | undefined, name: string): string[] => {
      const found = network?.members.find((one) => one.name === name);
      const places = [name, `${name}.${network?.name}`, found?.address ?? 'none', found?.ipv6 ?? 'none'];
      return places.map((at) => `${at}=${name}`);
    };
    const queue = pairs(lab, 'queue');
    // The words are right.
    expect(await inGuest('db', LOST, 'sh', ...queue)).toBe('');
    const strangers = ['web', 'cache'].map(async (name) => inGuest(name, REACHED, 'queue', ...queue));
    // Its resolver would look for the names outside, and for long.
    const others = inGuest('queue', REACHED, 'web', ...pairs(lan, 'web').slice(2));
    expect(await Promise.all([...strangers, others])).toEqual(['', '', '']);
  });

  test.skipIf(noBridge !== undefined)('reach each other on the bridge in spite of a partition', async () => {
    await vmlet('network', 'partition', 'lan', 'web', 'mail');
    expect(await inGuest('web', REACHED, '^none', 'mail.lan=mail')).toBe('');
    expect(await inGuest('web', LOST, 'sh', 'mail.bridge=mail', 'mail6.bridge=mail')).toBe('');
    await vmlet('network', 'heal', 'lan');
  });

  // Debian 12's QEMU cannot connect a running machine.
  test.skipIf(!qemu.hasStreamReconnect)('all reach all by name once the last is connected', async () => {
    await vmlet('network', 'connect', 'lan', 'queue');
    const [lan] = await networks();
    expect(lan?.members.map(({ name, plugged }) => [name, plugged])).toEqual(
      Object.keys(MACHINES)
        .sort()
        .map((name) => [name, true]),
    );
    expect(await lost()).toEqual([]);
  });

  test('reach each other again after the switch, a plug or passt was killed', async () => {
    const switchPid = async () => (await networks())[0]?.switch?.pid;
    const former = await switchPid();
    process.kill(former!, 'SIGKILL');
    await until(async () => (await allPlugged()) && (await switchPid()) !== former);
    expect(await lost()).toEqual([]);

    for (const [name, helper] of [
      ['db', 'card0'],
      ['cache', 'passt'],
    ] as const) {
      const pid = async () => (await inspect(name)).status.helpers[helper]?.pid;
      const before = await pid();
      process.kill(before!, 'SIGKILL');
      await until(async () => ![undefined, before].includes(await pid()) && allPlugged());
      expect(await lost()).toEqual([]);
    }
    const port = (await inspect('cache')).ports.find(({ guestPort }) => guestPort === 80)?.hostPort;
    expect(await user?.get(`http://127.0.0.1:${port}/`)).toBe('cache\n');
  });

  test.each([
    ['keeper', 'cache', /vmlet-keeper.* was killed/],
    ['qemu', 'mail', /SIGKILL/],
  ] as const)(
    'are told that the %s of %s was killed, and reach it once it is started again',
    async (program, name, told) => {
      process.kill((await inspect(name)).status[program].pid, 'SIGKILL');
      const stopped = await until(async () => {
        const { status } = await inspect(name);
        return status.kind === 'stopped' && status;
      });
      expect(stopped.description).toMatch(told);
      await start(name);
      await until(allPlugged);
      expect(await lost()).toEqual([]);
    },
  );
});
