import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { bytes, moment } from '../../../page/parts/format.ts';
import { ensureMicro } from '../../../src/images/micro/micro.ts';
import type { KernelImage } from '../../../src/index.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import type { Home } from '../named/home.ts';
import { withoutChromium } from './chromium.ts';
import { serveHome } from './served-home.ts';

const PATIENCE_MS = 180_000;

type Value = string | number | boolean;
interface Leaf {
  /** As in `spec.disks.0.name`. */
  readonly path: string;
  readonly value: Value;
}
interface Fact {
  readonly name: string;
  readonly text: string;
}

/** Leaves of `vmlet inspect` that the page shows as JSON only, and why. */
const LEFT_OUT: readonly (readonly [path: RegExp, value: RegExp, why: string])[] = [
  [/^spec\.version$/, /^1$/, 'the format of the file'],
  [/^plan\./, /^/, 'how QEMU was started: for those who look for a mistake of vmlet'],
  [/^status\..*\.(startTime|bootId)$/, /^/, 'tell a process from a later one with the same number'],
  [/^(spec\.)?ports\.\d+\.protocol$/, /^tcp$/, 'the usual one; udp is shown'],
  [/^(spec\.)?ports\.\d+\.hostAddress$/, /^127\.0\.0\.1$/, 'the usual one; others are shown'],
];

/** Facts of leaves that are not shown as they are: their words, and whether they are there. */
const WORDS: readonly (readonly [path: RegExp, words: (value: Value) => [words: string, shown?: boolean]])[] =
  [
    [/Bytes$/, (value) => [bytes(Number(value))]],
    [/(created|started|Renewed)At$/, (value) => [moment(String(value))]],
    [/^spec\.(protected|tpm)$/, (value) => [value === true ? 'yes' : 'no']],
    [/\.owned$/, (value) => ['kept when the machine is removed', value === false]],
    [/\.discard$/, (value) => ['without discard', value === false]],
    [/\.readOnly$/, (value) => ['read-only', value === true]],
    [/\.secureBoot$/, (value) => ['Secure Boot', value === true]],
    [/\.needsSmm$/, (value) => ['SMM', value === true]],
    [/\.remove$/, (value) => ['the machine is removed when the command has ended', value === true]],
    [/\.ephemeral$/, (value) => ['chosen at start', value === true]],
    [/\.automatic$/, () => ['for ssh, added by vmlet']],
    [/\.hasSeed$/, () => ['configured by a disk with cloud-init data']],
    [/\.ids\.kind$/, (value) => ['files have the same owners as on the host', value === 'host']],
    [/\.owner\.uid|\.ids\.uid$/, (value) => [`owner ${value}:`]],
    [/\.owner\.gid|\.ids\.gid$/, (value) => [`:${value}`]],
    [/\.latencyMs$/, (value) => [`latency ${value} ms`]],
    [/\.lossPpm$/, (value) => [`loss ${Number(value) / 10_000} %`]],
    [/\.bandwidth$/, (value) => [`${Number(value) * 8} bit/s`]],
  ];

/** The names of the facts of some leaves; a name with a number is of an item of a list. */
const FACTS: readonly (readonly [path: RegExp, name: string])[] = [
  [/^spec\.(cpus?|cpuLevel)$/, 'Processors'],
  [/^spec\.(accel)$/, 'Accelerator'],
  [/^spec\.memoryBytes$/, 'Memory'],
  [/^spec\.limits\./, 'Limits'],
  [/^spec\.firmware\./, 'Firmware'],
  [/^spec\.boot\./, 'Boot'],
  [/^spec\.installer\./, 'Installer'],
  [/^spec\.command\./, 'Command'],
  [/^spec\.networks\./, 'Private network'],
  [/^(spec\.)?sockets\./, 'Socket'],
  [/^(spec\.)?ports\./, 'Port'],
  [/^spec\.tpm$/, 'TPM'],
  [/^spec\.protected$/, 'Protected'],
  [/^spec\.display$/, 'Display'],
  [/^spec\.net$/, 'Backend'],
  [/^spec\.(guestIdentity|identityRenewedAt)$/, 'Guest’s identity'],
  [/^status\..*\.pid$/, 'Processes'],
  [/^status\.description$/, 'State'],
];

function leavesOf(value: unknown, path: readonly string[] = []): Leaf[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, one]) => leavesOf(one, [...path, key]));
  }
  return [{ path: path.join('.'), value: value as Value }];
}

/** The name of the fact of an item of a list: its own, or its place in the guest. */
function itemOf(machine: object, path: string): string | undefined {
  const [, list, index] = /^spec\.(disks|cdroms|shares|volumes|tmpfs)\.(\d+)\./.exec(path) ?? [];
  const { spec } = machine as { spec: Record<string, { name?: string; target?: string }[]> };
  const item = spec[list ?? '']?.[Number(index)];
  return item?.target ?? item?.name;
}

function isReadable(machine: object, facts: readonly Fact[], { path, value }: Leaf): boolean {
  const [words, shown = true] = WORDS.find(([pattern]) => pattern.test(path))?.[1](value) ?? [String(value)];
  const key = path.slice(path.lastIndexOf('.') + 1);
  const name =
    FACTS.find(([pattern]) => pattern.test(path))?.[1] ??
    itemOf(machine, path) ??
    (/^(files|spec\.labels)\./.test(path) ? key : undefined);
  const own = facts.filter((fact) => name === undefined || fact.name === name);
  return own.some((fact) => `${fact.name} ${fact.text}`.includes(words)) === shown;
}

describe.skipIf(withoutChromium !== undefined)('the overview of a machine', () => {
  let home: Home;
  let page: Page;
  let micro: KernelImage;

  serveHome(async (served) => {
    home = served.home;
    micro = await ensureMicro({ store: ownLocations().images, agentPath: agentProgram() });
    page = await served.ui.open();
  });

  async function shown(name: string): Promise<Fact[]> {
    await page.evaluate(`location.hash = '#/machines/${name}/overview'`);
    await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.locator('dl.paths dt').first().waitFor({ state: 'attached' });
    const facts = await page.evaluate<Fact[]>(
      `[...document.querySelectorAll('.facts dt, .paths dt')].map((dt) => ({ name: dt.textContent, text: dt.nextElementSibling.textContent }))`,
    );
    return [...facts, { name: 'title', text: await page.locator('.title').innerText() }];
  }

  /** Returns the leaves of `vmlet inspect` that the page does not show, and those of a kind that was there. */
  async function compare(name: string): Promise<{ missing: Leaf[]; paths: string[] }> {
    const facts = await shown(name);
    const { stdout } = await home.vmlet('inspect', name, '--json');
    const { machines } = JSON.parse(stdout) as { machines: object[] };
    const leaves = leavesOf(machines[0]);
    const isLeftOut = ({ path, value }: Leaf): boolean =>
      LEFT_OUT.some(([pattern, values]) => pattern.test(path) && values.test(String(value)));
    const missing = leaves.filter((leaf) => !isLeftOut(leaf) && !isReadable(machines[0] ?? {}, facts, leaf));
    return { missing, paths: leaves.map(({ path }) => path) };
  }

  /** Waits for every leaf: the page loads disks and images on their own. Returns their paths. */
  async function showsAll(name: string): Promise<string[]> {
    await expect.poll(async () => (await compare(name)).missing, { timeout: PATIENCE_MS }).toEqual([]);
    return (await compare(name)).paths;
  }

  test('shows everything of inspect that a machine has before its start', async () => {
    const disk = join(home.path, 'disk.img');
    writeFileSync(disk, bootSectors.hang);
    const medium = join(home.path, 'medium');
    mkdirSync(medium);
    copyFileSync(micro.kernelPath, join(medium, 'linux'));
    copyFileSync(micro.initrdPath, join(medium, 'initrd.gz'));
    mkdirSync(join(home.path, 'shared'));
    expect(await home.vmlet('network', 'create', 'lan')).toMatchObject({ status: 0 });
    const created = await home.vmlet(
      ...['create', 'full', '--location', medium, '--append', 'console=ttyS0 quiet', '--firmware', 'uefi'],
      ...[
        '--disk',
        '2G',
        '--disk',
        `${disk},format=raw,readonly`,
        '--disk',
        `${disk},format=raw,adopt,nodiscard`,
      ],
      ...['-m', '300M', '--cpus', '3', '--cpu', 'Nehalem', '--accel', 'tcg', '--tpm'],
      ...['--limit', 'cpus=1.5,memory=700M', '--label', 'team=red', '--protect', '--ssh-user', 'ada'],
      ...[
        '-v',
        'data:/srv/data:size=32M',
        '-v',
        `${home.path}/shared:/srv/dir:ro,cache=always,uid=12,gid=34`,
      ],
      ...[
        '--mount',
        'type=tmpfs,dst=/srv/memory,tmpfs-size=48M',
        '-p',
        '18080:80',
        '-p',
        '0.0.0.0:18053:53/udp',
      ],
      ...['-p', `${home.path}/web.sock:443`, '--timezone', 'Europe/Berlin'],
      ...['--network', 'lan:alias=db,latency=20ms,loss=0.5%,bandwidth=10Mbit,mtu=1400'],
    );
    expect(created).toMatchObject({ status: 0 });
    const paths = await showsAll('full');
    // It has all of these.
    for (const part of [
      'limits.cpus',
      'installer.append',
      'shares.0.ids.uid',
      'volumes.0.sizeBytes',
      'hasSeed',
    ])
      expect(paths).toContain(`spec.${part}`);
    for (const part of [
      'tmpfs.0.options',
      'sockets.0.path',
      'networks.0.lossPpm',
      'firmware.code.path',
      'tpm',
    ])
      expect(paths).toContain(`spec.${part}`);
    // Without a seed, from which a guest gets its identity at its first boot.
    await home.store.create({ name: 'bare', kernel: micro.kernelPath, net: 'none' });
    const clone = await home.vmlet('clone', 'bare', 'copy');
    expect(clone).toMatchObject({ status: 0 });
    await showsAll('copy');
    expect(await shown('copy')).toContainEqual({
      name: 'Guest’s identity',
      text: 'copied; the guest gets its own identity at the next start',
    });
  });

  test('shows the kernel, the command and the processes of a running machine', async () => {
    const files = { kernel: micro.kernelPath, initrd: micro.initrdPath, append: 'console=ttyS0 quiet' };
    await home.store.create({ name: 'kernel', memory: '256M', net: 'none', ...files });
    await showsAll('kernel');

    const command = { argv: ['sleep', '1000'], env: { GREETING: 'good day' }, user: 'root', cwd: '/tmp' };
    await home.store.create({ name: 'job', image: 'micro', append: 'panic=7', ports: ['80'], command });
    expect(await home.vmlet('start', 'job')).toMatchObject({ status: 0 });
    await page.evaluate("location.hash = '#/machines/job/overview'");
    await page.locator('.title .state', { hasText: 'running' }).waitFor();
    expect(await showsAll('job')).toEqual(
      expect.arrayContaining(['status.qemu.pid', 'spec.boot.append', 'spec.command.env.GREETING']),
    );
    const facts = await shown('job');
    const { accelerator, network } = home.store.get('job').live().plan();
    expect(facts).toContainEqual({
      name: 'Accelerator',
      text: `auto, now ${accelerator.kind}${accelerator.kind === 'tcg' ? `, ${accelerator.reason}` : ''}`,
    });
    expect(facts).toContainEqual({ name: 'Backend', text: `auto, now ${network?.backend}` });
  });

  test('shows the addresses that the guest’s agent reports, also one that starts late', async () => {
    await home.store.create({ name: 'late', image: 'micro' });
    expect(await home.vmlet('start', 'late')).toMatchObject({ status: 0 });
    const { source, addresses } = await home.store.get('late').live().addresses();
    expect(source).toBe('vmlet-agent');
    const fact = { name: 'Guest’s addresses', text: addresses.map(({ address }) => address).join(', ') };
    const error = { code: 'VMLET_MACHINE_STATE', message: 'no known address yet' };
    const answers = [409, 200, 409];
    await page.route('**/late/addresses', async (route) => {
      if (answers.shift() !== 409) return route.continue();
      return route.fulfill({ status: 409, json: { version: 1, error } });
    });
    expect(await shown('late')).not.toContainEqual(fact);
    await expect.poll(async () => shown('late'), { timeout: PATIENCE_MS }).toContainEqual(fact);
    expect(answers).toEqual([409]);
    // Asked again after a change; old addresses may be wrong then.
    expect(await home.vmlet('set', 'late', '--label', 'team=blue')).toMatchObject({ status: 0 });
    await expect.poll(async () => shown('late'), { timeout: PATIENCE_MS }).not.toContainEqual(fact);
    await expect.poll(async () => shown('late'), { timeout: PATIENCE_MS }).toContainEqual(fact);
  });
});
