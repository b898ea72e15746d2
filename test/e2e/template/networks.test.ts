import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Home, makeHome } from '../named/home.ts';

// Two guests boot for it.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;
beforeAll(async () => {
  home = await makeHome();
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

test('forks join as many private networks as their template has spare cards', async () => {
  expect(await refusal('template', 'create', 'member', '--network-cards', '9')).toContain(
    'invalid value 9 for --network-cards: expected a whole number from 0 to 8',
  );
  await vmlet('template', 'create', 'member', '--net', 'none', '--network-cards', '1');
  await vmlet('network', 'create', 'lan');
  await vmlet('network', 'create', 'other');
  await vmlet('create', 'db', '--image', 'micro', '--network', 'lan:alias=primary', '--start');
  const run = ['run', '--template', 'member', '--network', 'lan'];
  expect(await vmlet(...run, '--', 'ping', '-c', '1', '-W', '5', 'primary.lan')).toContain(
    '1 packets received',
  );

  // Forks have the first card of their template, or none.
  const alone = await vmlet(...run, '--network', 'none', '--', 'sh', '-c', 'ls /sys/class/net');
  expect(alone.split('\n').filter((name) => name.startsWith('eth'))).toHaveLength(1);
  await vmlet('template', 'create', 'connected');
  expect(await refusal('run', '--template', 'connected', '--net', 'none', '--', 'true')).toContain(
    'template "connected" has a network, so every fork of it has one\n  create a template without a network: ',
  );

  const tooMany = await refusal(...run, '--network', 'other', '--', 'true');
  expect(tooMany).toContain(
    '--network: too many networks: 2; forks of template "member" can join at most 1\n' +
      '  create a template with spare network cards: vmlet template create NAME --network-cards 2',
  );
  expect(await refusal('create', 'web', '--template', 'member')).toContain('has additional network cards');
});
