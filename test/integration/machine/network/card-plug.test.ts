import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { linkCard } from '../../../../src/machine/network/card-link.ts';
import { CardPlug } from '../../../../src/machine/network/card-plug.ts';
import { cardSocket, machineDirectory } from '../../../../src/machine/paths/directory.ts';
import { socketNetdev } from '../../../../src/network/card/qemu-network.ts';
import { identifyProcess, isAlive } from '../../../../src/process/procfs/identity.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { supervise } from '../../../../src/process/supervise.ts';
import { unlessMissing } from '../../../../src/util/files/unless-missing.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { SwitchLab, mac } from '../../native/switch/switch-lab.ts';

const parent = temporaryDirectory();
const qemu = requireProgram('qemu-system-x86_64');
let scope: Scope, network: SwitchLab;

beforeEach(() => {
  scope = new Scope();
  network = new SwitchLab(parent, scope);
});
afterEach(async () => scope.close());

/** A real QEMU, whose card this process plugs in. */
async function join(name: string, address: string): Promise<CardPlug> {
  const sockets = directoryIn(parent, 'm');
  const socket = cardSocket(machineDirectory(sockets, sockets), 0);
  const netdev = socketNetdev('n', socket, 'listens');
  const device = { driver: 'virtio-net-pci', netdev: 'n', mac: address, romfile: '' };
  const options = ['-nodefaults', '-display', 'none', '-S', '-machine', 'q35', '-m', '16M'];
  const cards = ['-netdev', JSON.stringify(netdev), '-device', JSON.stringify(device)];
  supervise([qemu, ...options, ...cards], { environment: {} }, scope);
  const plug = new CardPlug((await network.argv(name, address)) as [string, ...string[]]);
  scope.defer(async () => plug[Symbol.asyncDispose]());
  linkCard(socket, async (connection) => plug.carry(connection), scope);
  await network.hasPort(address);
  return plug;
}

function plugOf(name: string): number | undefined {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .find((pid) => {
      const words = unlessMissing(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1'), ['ENOENT', 'ESRCH']);
      const [program, directory, member] = words?.split('\0') ?? [];
      return program?.endsWith('vmlet-plug') && directory === network.directory && member === name;
    });
}

async function kill(pid: number): Promise<void> {
  const identity = identifyProcess(pid);
  process.kill(pid, 'SIGKILL');
  await until(() => !identity || !isAlive(identity), { awaited: `${pid} ends` });
}

it('a card is plugged in again after each SIGKILL of the switch and of its plug', async () => {
  await join('a', mac(1));
  await join('b', mac(2));
  for (let time = 0; time < 3; time++) {
    const pid = await network.switchPid();
    await kill(pid);
    await until(async () => (await network.names()) === 'a,b', { awaited: 'both are back' });
    expect(await network.switchPid()).not.toBe(pid);
    const plug = plugOf('a');
    if (plug === undefined) throw new Error('it has no plug');
    await kill(plug);
    await until(() => plugOf('a') !== undefined && plugOf('a') !== plug, { awaited: 'it has another' });
    await until(async () => (await network.names()) === 'a,b', { awaited: 'it is back' });
  }
});

it('a card that has left stays unplugged while its QEMU runs', async () => {
  const plug = await join('a', mac(1));
  await join('b', mac(2));
  await plug[Symbol.asyncDispose]();
  await until(async () => (await network.names()) === 'b', { awaited: 'b is alone' });
  // Another one cannot take its turn before QEMU has connected again.
  await kill(await network.switchPid());
  await until(async () => (await network.names()) === 'b', { awaited: 'b is back' });
  expect(plugOf('a')).toBeUndefined();
});
