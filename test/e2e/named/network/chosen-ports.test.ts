import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import type { NamedMachine } from '../../../../src/machines/index.ts';
import { countWaiting } from '../../../../src/network/ports/socket-table.ts';
import { type Home, makeHome } from '../home.ts';

/** Below the kernel’s range of ephemeral ports. */
const GIVEN = 18_000 + (process.pid % 1000);

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  writeFileSync(join(home.path, 'hang.img'), bootSectors.hang);
});
afterEach(async () => home.removeAll());
afterAll(async () => home.close());

const run = async (...args: string[]): Promise<void> => {
  const finished = await home.vmlet(...args);
  expect(finished, finished.stderr).toMatchObject({ status: 0 });
};

/** The ports are the host's: its guest takes no part, and would only take time to boot. */
async function make(net: string, ...flags: string[]): Promise<NamedMachine> {
  const image = `${join(home.path, 'hang.img')},format=raw`;
  await run('create', 'm', '--image', image, '--memory', '64M', '--net', net, ...flags);
  return home.store.get('m');
}

const leadTo = (machine: NamedMachine, port: number): number[] =>
  machine.ports().flatMap(({ guestPort, hostPort }) => (guestPort === port ? (hostPort ?? []) : []));
const listens = (port: number): boolean => countWaiting()('127.0.0.1', port, 'tcp') === 1;

it('a host port is removed on all its addresses, and a reversed range is refused', async () => {
  await make('slirp', '-p', `${GIVEN}:80`, '-p', `127.0.0.2:${GIVEN}:80`, '-p', `${GIVEN + 1}:81`);
  const refused = await home.vmlet('port', 'rm', 'm', `${GIVEN + 1}-${GIVEN}`);
  expect(refused.status).toBe(125);
  expect(refused.stderr).toContain(`write the lower port first: ${GIVEN}-${GIVEN + 1}`);
  await run('port', 'rm', 'm', String(GIVEN));
  expect(home.store.get('m').spec.ports).toEqual([expect.objectContaining({ hostPort: GIVEN + 1 })]);
});

describe.each(['passt', 'slirp'])('two chosen host ports for one guest port, with %s', (net) => {
  it('stay the same at each start, and can be removed separately', async () => {
    const machine = await make(net, '-p', '80', '-p', '80', '--start');
    const [first, second] = leadTo(machine, 80);
    expect(first).not.toBe(second);
    await run('kill', 'm');
    await run('start', 'm');
    expect(leadTo(machine, 80)).toEqual([first, second]);

    await run('port', 'rm', 'm', String(second));
    expect(leadTo(machine, 80)).toEqual([first]);
    expect([first, second].map((port) => listens(port!))).toEqual([true, false]);
    await run('port', 'add', 'm', '80');
    await run('kill', 'm');
    // For a stopped machine, the port that it had.
    await run('port', 'rm', 'm', String(first));
    await run('start', 'm');
    const left = leadTo(machine, 80);
    expect(left).toHaveLength(1);
    expect(left).not.toContain(first);
  });

  it('start after an earlier version had merged them', async () => {
    const machine = await make(net, '-p', '80', '-p', '80', '--start');
    await run('kill', 'm');
    const plan = JSON.parse(readFileSync(machine.files.plan, 'utf8')) as {
      network: { forwards: { guestPort: number; hostPort: number }[] };
    };
    const [one, two] = plan.network.forwards.filter(({ guestPort }) => guestPort === 80);
    two!.hostPort = one!.hostPort;
    writeFileSync(machine.files.plan, JSON.stringify(plan));
    await run('start', 'm');
    expect(new Set(leadTo(machine, 80)).size).toBe(2);
  });

  it('do not conflict with the user’s forward of another guest port', async () => {
    const machine = await make(net, '-p', '80', '--start');
    const [chosen] = leadTo(machine, 80);
    await run('kill', 'm');
    await run('port', 'add', 'm', `${chosen}:81`);
    await run('start', 'm');
    expect(leadTo(machine, 81)).toEqual([chosen]);
    expect(leadTo(machine, 80)).not.toEqual([chosen]);
  });

  it('of an interrupted addition do not block later forwards', async () => {
    const machine = await make(net, '--start');
    const spec = readFileSync(machine.files.spec);
    const addAndForget = async (port: string): Promise<void> => {
      await run('port', 'add', 'm', port);
      writeFileSync(machine.files.spec, spec);
    };
    await addAndForget(`${GIVEN}:80`);
    await run('port', 'add', 'm', `${GIVEN}:81`);
    expect([leadTo(machine, 80), leadTo(machine, 81)]).toEqual([[], [GIVEN]]);
    await run('port', 'rm', 'm', String(GIVEN));
    expect(listens(GIVEN)).toBe(false);

    await addAndForget(`${GIVEN}:80`);
    await run('port', 'rm', 'm', String(GIVEN));
    expect(listens(GIVEN)).toBe(false);
    await addAndForget('80');
    await run('port', 'add', 'm', '80');
    expect(leadTo(machine, 80)).toHaveLength(1);
    await run('kill', 'm');
    await run('start', 'm');
    expect(leadTo(machine, 80)).toHaveLength(1);
  });
});
