import { existsSync, readFileSync, readlinkSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { diagnose } from '../../../src/host/findings/diagnosis.ts';
import type { Survey } from '../../../src/host/survey/host.ts';
import type { QemuIsolation } from '../../../src/host/findings/isolation.ts';
import { type HostReport, examineHost } from '../../../src/machine/survey/examine-host.ts';
import { launch } from '../../../src/index.ts';
import type { LaunchOptions } from '../../../src/machine/spec/launch-options.ts';
import { MachineStore } from '../../../src/machines/index.ts';
import { readStatus } from '../../../src/machines/record/machine-status.ts';
import { temporaryDirectory } from '../../directory.ts';

/** Compares QEMU’s confinement as `vmlet doctor` reports it with /proc of a running QEMU. */

const directory = temporaryDirectory();
const image = join(directory, 'hang.raw');
const KINDS = { mount: 'mnt', net: 'net', ipc: 'ipc', uts: 'uts' } as const;
const iso = join(directory, 'empty.iso');
let report: HostReport;

beforeAll(async () => {
  writeFileSync(image, bootSectors.hang);
  writeFileSync(iso, Buffer.alloc(2048));
  report = await examineHost();
});

interface Seen {
  readonly pid: number;
  /** The program’s own namespaces. */
  readonly namespaces: string[];
  readonly noNewPrivileges: boolean;
  readonly seccompFilters: number;
  readonly coreLimit: string;
  readonly fileLimit: string;
  readonly capabilities: bigint;
  /** Names in its root directory. */
  readonly root: string[];
  /** Interfaces of its network. */
  readonly interfaces: string[];
}

function lookAt(pid: number): Seen {
  const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');
  const field = (file: string, name: string): string =>
    new RegExp(`^${name}:?\\s+(.*)$`, 'm').exec(read(file))?.[1] ?? '';
  return {
    pid,
    namespaces: Object.entries(KINDS)
      .filter(([, kind]) => readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`))
      .map(([name]) => name),
    noNewPrivileges: field('status', 'NoNewPrivs') === '1',
    seccompFilters: field('status', 'Seccomp') === '2' ? Number(field('status', 'Seccomp_filters')) : 0,
    coreLimit: field('limits', 'Max core file size'),
    fileLimit: field('limits', 'Max file size'),
    capabilities: BigInt(`0x${field('status', 'CapEff')}`),
    root: readdirSync(`/proc/${pid}/root`),
    interfaces: read('net/dev')
      .split('\n')
      .slice(2)
      .map((line) => line.split(':')[0]!.trim())
      .filter((name) => name !== ''),
  };
}

function promised(network: QemuIsolation['network']): QemuIsolation | undefined {
  return report.isolation.find((one) => one.network === network);
}

/** Doctor’s findings on this host with this network. */
function wordsWith(network: QemuIsolation['network']): string {
  const { survey, surroundings } = report;
  const one: Survey = {
    ...survey,
    passt: network === 'passt' ? survey.passt : undefined,
    qemu: { ...survey.qemu!, netdevs: network === 'slirp' ? ['user'] : [] },
  };
  return diagnose(one, surroundings).find(({ item }) => item === 'namespaces')!.summary;
}

function compare(seen: Seen, network: QemuIsolation['network']): void {
  const { namespaces, hasOwnRoot, seccomp, usesHostNetwork } = promised(network)!;
  expect(new Set(seen.namespaces)).toEqual(new Set(namespaces));
  expect(seen.noNewPrivileges).toBe(true);
  expect(seen.seccompFilters).toBeGreaterThanOrEqual(seccomp.length);
  expect(seen.seccompFilters > 0).toBe(seccomp.length > 0);
  expect(['0', '1']).toContain(seen.coreLimit.split(/\s+/)[0]);
  // Root keeps CAP_DAC_OVERRIDE (1), and CAP_NET_BIND_SERVICE (10) in the host’s network.
  expect(seen.capabilities & ~(usesHostNetwork ? 0x402n : 0x2n)).toBe(0n);
  const hostRoot = readdirSync('/');
  if (hasOwnRoot) {
    expect(existsSync(`/proc/${seen.pid}/root/etc/passwd`)).toBe(false);
    expect(seen.root).not.toContain('proc');
  } else expect(seen.root).toEqual(hostRoot);
  expect(seen.namespaces.includes('net')).toBe(seen.interfaces.every((name) => isUnconfigured(name)));
  const words = wordsWith(network);
  expect(words.includes('sees only its own files and sockets')).toBe(
    new Set([...seen.namespaces, 'net']).size === 4,
  );
  // Without a network namespace, the filter of system calls blocks it.
  expect(words.includes('uses the host’s network')).toBe(
    !seen.namespaces.includes('net') &&
      (network === 'slirp' || report.survey.confinement.namespaces.net.usable),
  );
  expect(words.includes('cannot use the host’s network')).toBe(seen.namespaces.length === 4);
}

/** Its own network namespace has the loopback, and interfaces that a kernel creates in each (ifb, tunl). */
function isUnconfigured(name: string): boolean {
  return /^(lo|ifb\d+|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6gre0)$/.test(name);
}

describe('a throw-away machine', () => {
  it.for<[string, QemuIsolation['network'], LaunchOptions]>([
    ['none', 'none', { net: 'none' }],
    ['passt over vhost-user', 'passt', { net: 'passt' }],
    ['passt over a stream', 'passt', { net: 'passt', faults: true }],
    ['slirp', 'slirp', { net: 'slirp' }],
  ])('with %s', async ([name, network, options], { skip }) => {
    const { passt } = report.survey;
    skip(
      promised(network) === undefined,
      `this host has no ${network}: ${passt?.problem ?? 'not installed'}`,
    );
    skip(name.endsWith('vhost-user') && passt?.hasVhostUser !== true, 'this passt has no --vhost-user');
    await using machine = await launch({ image, until: 'running', memory: '64M', ...options });
    expect(machine.plan.network?.backend).toBe(
      network === 'passt'
        ? name.endsWith('stream')
          ? 'passt-stream'
          : 'passt-vhost-user'
        : network === 'slirp'
          ? 'slirp'
          : undefined,
    );
    const seen = lookAt(machine.pid);
    compare(seen, network);
    expect(seen.fileLimit.split(/\s+/)[0]).toMatch(/^\d+$/);
    if (machine.plan.network?.backend !== 'slirp')
      expect(seen.namespaces.includes('net')).toBe(report.survey.confinement.namespaces.net.usable);
    else expect(seen.namespaces).not.toContain('net');
  });

  it('tries the best option first by default, as doctor reports', async () => {
    await using machine = await launch({ image, until: 'running', memory: '64M' });
    compare(lookAt(machine.pid), report.isolation[0]!.network);
  });
});

describe('a named machine', () => {
  const store = new MachineStore({
    ...process.env,
    XDG_CONFIG_HOME: join(directory, 'config'),
    XDG_DATA_HOME: join(directory, 'data'),
    XDG_STATE_HOME: join(directory, 'state'),
    XDG_RUNTIME_DIR: join(directory),
  });

  it.for(['none', 'passt', 'slirp'] as const)('with %s', async (network, { skip }) => {
    skip(promised(network) === undefined, `this host has no ${network}`);
    const machine = await store.create({ name: network, iso, memory: '64M', net: network });
    try {
      await machine.start();
      const status = readStatus(machine.files);
      expect(status.kind).toBe('running');
      compare(lookAt((status as { qemu: { pid: number } }).qemu.pid), network);
    } finally {
      await store.remove(network, { force: true, storage: true });
    }
  });
});
