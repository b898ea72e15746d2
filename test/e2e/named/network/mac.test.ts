import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeDisk } from '../../../../src/images/qemu-img/qemu-img.ts';
import { createNetwork, createTemplate, launch } from '../../../../src/index.ts';
import { type Home, makeHome } from '../home.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const ONE = '52:54:00:aa:bb:01';
const OTHER = '52:54:00:aa:bb:02';
const ADDRESS = ['cat', '/sys/class/net/eth0/address'];

let home: Home;

beforeAll(async () => {
  home = await makeHome();
  home.environment['VMLET_FRESH'] = '';
});
afterAll(async () => home.close());

async function vmlet(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  expect(status, `vmlet ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

async function refusal(...args: string[]): Promise<string> {
  const { status, stderr } = await home.vmlet(...args);
  expect(status).toBe(125);
  return stderr;
}

it('gives the first card of a booted and of a forked guest the address', async () => {
  const run = async (...flags: string[]) => (await vmlet('run', ...flags, 'micro', '--', ...ADDRESS)).trim();
  expect(await run('--renew', '--mac', ONE.toUpperCase())).toBe(ONE);
  expect(await run('--mac', OTHER)).toBe(OTHER);
  expect(await run()).not.toBe(OTHER);
  expect(await run('--fresh', '--mac', OTHER)).toBe(OTHER);
  // All of them but the last have the same kept guest.
  const dryRun = async (...flags: string[]) =>
    JSON.parse(await vmlet('run', '--dry-run', '--json', ...flags, 'micro', '--', 'true')) as object;
  expect(await dryRun()).toMatchObject({ origin: 'kept' });
  // A script cannot give a fork the address.
  expect(await dryRun('--mac', OTHER)).toMatchObject({
    origin: 'boot',
    plan: { network: { guest: { mac: OTHER } } },
  });
});

it('stays with a named machine until it is changed; a clone gets its own', async () => {
  await vmlet('create', 'web', '--image', 'micro', '--mac', ONE, '--start');
  const address = async (): Promise<string> => (await vmlet('exec', 'web', '--', ...ADDRESS)).trim();
  expect(await address()).toBe(ONE);
  await vmlet('snapshot', 'web', 'before');
  expect(await vmlet('set', 'web', '--mac', OTHER)).toMatch(new RegExp(`mac +${ONE} +${OTHER} +next start`));
  await vmlet('restart', 'web');
  expect(await address()).toBe(OTHER);
  // The memory has a card with the earlier address.
  expect(await refusal('snapshot', 'restore', 'web', 'before')).toContain(
    `MAC address: was ${ONE}, is now ${OTHER}`,
  );
  await vmlet('stop', 'web');
  await vmlet('clone', 'web', 'copy');
  expect(await vmlet('inspect', 'web', '--format', '{{.Spec.Mac}}')).toBe(`${OTHER}\n`);
  expect(await vmlet('inspect', 'copy', '--format', '{{.Spec.Mac}}')).not.toBe(`${OTHER}\n`);
  await home.removeAll();
});

it('changes in the seed too, by which the guest finds its card', async () => {
  const disk = join(home.path, 'disk.qcow2');
  await makeDisk({
    path: disk,
    format: 'qcow2',
    sizeBytes: 1024 ** 2,
    backing: undefined,
    signal: undefined,
  });
  await vmlet('create', 'seeded', '--image', disk, '--username', 'ann', '--mac', ONE);
  const seed = (): string => readFileSync(home.store.get('seeded').files.seed, 'latin1');
  expect(seed()).toContain(ONE);
  const before = seed();
  await vmlet('rename', 'seeded', 'renamed');
  await vmlet('set', 'renamed', '--mac', OTHER);
  const after = readFileSync(home.store.get('renamed').files.seed, 'latin1');
  expect(after).not.toContain(ONE);
  expect(after).toContain(OTHER);
  // Nothing else has changed but the host name, by the rename.
  expect(before.match(/local-hostname.*/g)).toEqual(['local-hostname: seeded']);
  expect(after.match(/local-hostname.*/g)).toEqual(['local-hostname: renamed']);
  await home.removeAll();
});

it('changes with the instance and the key in the seed of a clone whose first boot is to come', async () => {
  const disk = join(home.path, 'disk.qcow2');
  await vmlet('create', 'seeded', '--image', disk, '--username', 'ann');
  await vmlet('clone', 'seeded', 'copy');
  const copy = home.store.get('copy');
  expect(copy.spec.guestIdentity).toBe('own');
  const seed = readFileSync(copy.files.seed, 'latin1');
  const identityOf = async (name: string): Promise<string[]> => {
    const machine = home.store.get(name);
    return [machine.spec.mac, machine.spec.uuid, (await machine.publicKey()).split(' ')[1] ?? ''];
  };
  for (const text of await identityOf('copy')) expect(seed).toContain(text);
  for (const text of await identityOf('seeded')) expect(seed).not.toContain(text);
  await home.removeAll();
});

it('is rejected when another card of the machine has it', async () => {
  await vmlet('network', 'create', 'lan');
  const taken = `${ONE} is taken by the machine's`;
  expect(await refusal('create', 'a', '--image', 'micro', '--mac', ONE, '--net', `lan:mac=${ONE}`)).toContain(
    `--mac: ${taken} card in network "lan"`,
  );
  await vmlet('create', 'a', '--image', 'micro', '--mac', ONE);
  expect(await refusal('set', 'a', '--network', `lan:mac=${ONE}`)).toContain(
    `--network: MAC address ${taken} first network card`,
  );
  expect(await refusal('network', 'connect', `lan:mac=${ONE}`, 'a')).toContain(
    `network: MAC address ${taken} first network card`,
  );
  expect(await refusal('run', '--mac', ONE, '--net', `lan:mac=${ONE}`, 'micro', '--', 'true')).toContain(
    `--mac: ${taken} card in a private network`,
  );
  await home.removeAll();
});

it('is an option of launch and fork', async () => {
  await using template = await createTemplate({ networkCards: 1 });
  await using network = createNetwork({ subnet: '10.99.0.0/24' });
  const address = async (machine: { exec: Awaited<ReturnType<typeof launch>>['exec'] }): Promise<string> =>
    (await machine.exec(ADDRESS)).stdout.toString().trim();
  await using launched = await launch({ mac: ONE });
  expect(await address(launched)).toBe(ONE);
  await using fork = await template.fork({ mac: ONE, networks: [network] });
  expect(await address(fork)).toBe(ONE);
  await using other = await template.fork();
  expect(await address(other)).toMatch(/^52:54:00:(?!12:34:56|aa:bb:01)/);
  await expect(template.fork({ mac: '52:54:0a:63:00:03', networks: [network] })).rejects.toThrow(
    "mac: 52:54:0a:63:00:03 is taken by the machine's card in a private network",
  );
  await expect(template.fork({ mac: '52:54:00:00:00:01' })).rejects.toThrow(
    /is taken by another card of template/,
  );
});
