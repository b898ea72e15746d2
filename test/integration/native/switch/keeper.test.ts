import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { probeQemu } from '../../../../src/host/programs/qemu.ts';
import { type KeeperHelper, type StartedKeeper, argumentsText } from '../../../../src/process/keeper.ts';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { KeeperLab, gone } from '../keeper/keeper-lab.ts';
import { SwitchLab, mac } from './switch-lab.ts';

const parent = temporaryDirectory();
const { hasReconnectMs } = await probeQemu(requireProgram('qemu-system-x86_64'), undefined);
let scope: Scope, network: SwitchLab;

beforeEach(() => {
  scope = new Scope();
  network = new SwitchLab(parent, scope);
});
afterEach(async () => scope.close());

interface Member {
  readonly machine: KeeperLab;
  readonly keeper: StartedKeeper;
}

/** A real QEMU under a real keeper, which has the plug as its helper. */
async function join(name: string, address: string): Promise<Member> {
  const machine = new KeeperLab(keeperProgram(), parent, scope);
  const helper: KeeperHelper = {
    ...machine.helper('lan', ''),
    kind: hasReconnectMs ? 'accepted' : 'dials',
  };
  writeFileSync(helper.argumentsPath, argumentsText(await network.argv(name, address)));
  const netdev = {
    type: 'stream',
    id: 'n',
    server: !hasReconnectMs,
    addr: { type: 'unix', path: helper.socketPath },
    ...(hasReconnectMs && { 'reconnect-ms': 20 }),
  };
  // The keeper does not announce it: without a driver in the guest, QEMU stops reading at the first frame for it.
  const device = { driver: 'virtio-net-pci', id: 'lan-device', netdev: 'n', mac: address };
  const qemu = ['-netdev', JSON.stringify(netdev), '-device', JSON.stringify(device)];
  const keeper = machine.boot('hang', { helpers: [helper], qemu });
  await network.hasPort(address);
  return { machine, keeper };
}

const plugOf = ({ machine }: Member): number | undefined => machine.record().helpers['lan']?.pid;

async function kill(pid: number): Promise<void> {
  const identity = identifyProcess(pid);
  process.kill(pid, 'SIGKILL');
  if (identity) await gone(identity);
}

it('real QEMUs are plugged in again after each SIGKILL of the switch and of a plug', async () => {
  const a = await join('a', mac(1));
  await join('b', mac(2));
  for (let time = 0; time < 5; time++) {
    const pid = await network.switchPid();
    await kill(pid);
    await until(async () => (await network.names()) === 'a,b', { awaited: 'both are back' });
    expect(await network.switchPid()).not.toBe(pid);
    const plug = plugOf(a);
    if (plug === undefined) throw new Error('it has no plug');
    await kill(plug);
    await until(() => plugOf(a) !== undefined && plugOf(a) !== plug, { awaited: 'it has another' });
    await until(async () => (await network.names()) === 'a,b', { awaited: 'it is back' });
  }
});

it('a port is closed with its keeper, and the switch ends with its last port', async () => {
  const [a, b] = [await join('a', mac(1)), await join('b', mac(2))];
  const pid = await network.switchPid();
  await kill(a.keeper.pid);
  await until(async () => (await network.names()) === 'b', { awaited: 'b is alone' });
  expect(await network.switchPid()).toBe(pid);
  process.kill(b.keeper.pid, 'SIGTERM');
  await b.keeper.ended;
  await network.isOver();
});
