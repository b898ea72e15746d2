import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../fixtures/agent/agent-process.ts';
import { networksOfTable } from '../../../../src/machine/logs/network-tables.ts';
import type { NetworkStatistics } from '../../../../src/machine/logs/statistics.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { readGuestNetworks } from '../../../../src/machines/look/guest-networks.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { supervise } from '../../../../src/process/supervise.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { untilListening } from '../../../until.ts';

const environment = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' };
const PORTS = { vmlet: { open: false }, qga: { open: false, taken: false } };
const VMLET = { ...PORTS, vmlet: { open: true } };
const QGA = { ...PORTS, qga: { open: true, taken: false } };

let scope: Scope;
let definition: Definition;

/** A machine whose keeper is this process, and whose guest is this host. */
beforeEach(() => {
  scope = new Scope();
  const directory = temporaryFolder(scope);
  const own = identifyProcess(process.pid);
  const files = {
    ...{ directory, run: join(directory, 'run.json'), end: join(directory, 'end.json') },
    ...{ savedState: join(directory, 'saved'), qemuLog: join(directory, 'qemu.log') },
    ...{ agentSocket: join(directory, 'agent'), guestAgentSocket: join(directory, 'qga') },
  };
  const keeper = { pid: process.pid, startTime: own?.startTime };
  const run = { version: 1, bootId: own?.bootId, keeper, qemu: null, helpers: {}, state: 'running' };
  writeFileSync(files.run, JSON.stringify({ ...run, startedAt: 0 }));
  definition = { spec: { name: 'm' }, files } as unknown as Definition;
});
afterEach(async () => scope.close());

const ask = async (ports = VMLET, signal?: AbortSignal): ReturnType<typeof readGuestNetworks> =>
  readGuestNetworks(definition, ports, signal);
const namesOf = (networks: readonly NetworkStatistics[] | null | undefined): string[] | undefined =>
  networks?.map((one) => one.interface).sort();

async function started(argv: readonly [string, ...string[]], socket: string): Promise<void> {
  supervise(argv, { environment }, scope);
  await untilListening(socket);
}

/** A listener that accepts clients and calls back with the bytes that they send. */
async function listen(socket: string, heard: () => void): Promise<void> {
  const server = createServer((client) => {
    client.on('error', () => undefined).on('data', heard);
    scope.defer(() => void client.destroy());
  });
  scope.defer(() => void server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}

const here = (): NetworkStatistics[] | undefined => networksOfTable(readFileSync('/proc/net/dev', 'utf8'));

test('vmlet’s agent reports the counters of all interfaces but the loopback', async () => {
  const socket = definition.files.agentSocket;
  await started([agentProgram(), '--listen', socket], socket);
  const before = here();
  const networks = await ask();
  expect(namesOf(networks)).toEqual(namesOf(before));
  for (const { interface: name, source, receivedBytes } of networks ?? []) {
    expect(source).toBe('guest');
    const earlier = before?.find((one) => one.interface === name)?.receivedBytes;
    expect(receivedBytes).toBeGreaterThanOrEqual(earlier ?? Infinity);
  }
});

test.skipIf(findProgram('qemu-ga') === undefined)(
  'QEMU’s agent reports the same of interfaces with addresses',
  async () => {
    const socket = definition.files.guestAgentSocket;
    const words = ['-m', 'unix-listen', '-p', socket, '-t', definition.files.directory];
    await started(['qemu-ga', ...words], socket);
    const reported = namesOf(await ask(QGA)) ?? [];
    expect(reported).toEqual(
      expect.arrayContaining(Object.keys(networkInterfaces()).filter((name) => name !== 'lo')),
    );
    expect(namesOf(here())).toEqual(expect.arrayContaining(reported));
    // Another client uses it, which may take long.
    expect(await ask({ ...QGA, qga: { open: true, taken: true } })).toBeNull();
  },
);

test.each([
  ['vmlet’s agent', VMLET, 'agentSocket'],
  ['QEMU’s agent', QGA, 'guestAgentSocket'],
] as const)('%s that does not answer is given up, at once after an abort', async (_, ports, socket) => {
  let abort = new AbortController();
  let heard = 0;
  await listen(definition.files[socket], () => {
    heard++;
    abort.abort(new Error('enough'));
  });
  expect(await ask(ports)).toBeNull();
  expect(heard).toBeGreaterThan(0);
  abort = new AbortController();
  await expect(ask(ports, abort.signal)).rejects.toThrow('enough');
});

test('a machine without an agent, and one that has just ended, report nothing', async () => {
  expect(await ask(PORTS)).toBeNull();
  // Nothing listens.
  expect(await ask(VMLET)).toBeNull();
  expect(await ask(QGA)).toBeNull();
  writeFileSync(definition.files.run, '');
  expect(await ask(VMLET)).toBeNull();
});
