import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Network, createNetwork, launch } from '../../../src/index.ts';
import { NetworkStore } from '../../../src/machines/index.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { VMLET } from '../../e2e/command.ts';
import { type Home, makeHome } from '../../e2e/named/home.ts';
import { alternate } from '../measurement/alternate.ts';
import { describeTimes, median } from '../measurement/statistics.ts';
import { Scope } from '../../../src/util/scope.ts';
import type { Section } from '../section.ts';

const SOURCES = join(import.meta.dirname, '../../../fixtures/network/stream-peer');
const PEER = '/root/stream-peer';
const PORT = '5001';
const BYTES = 64 * 1024 ** 2;
const MTUS = [1500, 9000] as const;
const BRIDGE = `
set -eu
mount -t sysfs none /sys
mount -t tmpfs none /etc/qemu
echo 'allow br-bench' >/etc/qemu/bridge.conf
ip link set lo up
ip link add br-bench type bridge
ip link set br-bench up`;
const GUEST = { image: 'micro', net: 'none', memory: '128M', cpus: 1 } as const;

/** One end of a stream: runs a command in its guest, and returns what it printed. */
type Exec = (...argv: string[]) => Promise<string>;

interface Pair {
  readonly name: string;
  readonly sender: Exec;
  readonly receiver: Exec;
  readonly address: string;
}

/** All guests run all the time, so that only the transfers are measured. */
export const guests: Section = {
  title: `one TCP stream of ${BYTES / 1024 ** 2} MiB from guest to guest: both switches against taps on a bridge in a network namespace`,
  rounds: 5,
  async run(rounds) {
    await using scope = new Scope();
    const directory = makeTemporaryDirectory();
    scope.defer(() => {
      directory.remove();
    });
    const program = join(directory.path, 'stream-peer');
    execFileSync('make', ['-s', '-C', SOURCES, `OUT=${program}`]);
    const pairs: Pair[] = [];
    for (const mtu of MTUS) {
      pairs.push(await inProcess(scope, program, mtu));
      pairs.push(await onNamedNetwork(scope, program, mtu));
      pairs.push(await onBridge(scope, program, mtu));
    }
    for (const { receiver } of pairs) await receiver(PEER, 'receive', PORT);
    const contenders = pairs.map(({ name, sender, address }) => ({
      name,
      measure: async () =>
        (BYTES * 8) / 1e6 / Number(await sender(PEER, 'send', address, PORT, String(BYTES))),
    }));
    const samples = await alternate(contenders, rounds);
    const lines = contenders.map(
      ({ name }, index) => `${name.padEnd(28)} ${describeTimes(samples[index] ?? [], 'Mbit/s')}`,
    );
    const ratios = MTUS.map((mtu, index) => {
      const [node = 0, c = 0, tap = 0] = samples.slice(3 * index).map(median);
      return `MTU ${mtu}: named network / tap ${(c / tap).toFixed(2)}, named network / switch in the process ${(c / node).toFixed(2)}`;
    });
    const data = contenders.map(({ name }, index) => ({ name, samples: samples[index] }));
    return { text: [...lines, ...ratios].join('\n'), data: { contenders: data } };
  },
};

async function inProcess(scope: Scope, program: string, mtu: number): Promise<Pair> {
  const network = createNetwork({ mtu });
  scope.defer(async () => network[Symbol.asyncDispose]());
  const [sender, receiver] = [
    await launched(scope, program, 'sender', network),
    await launched(scope, program, 'receiver', network),
  ];
  return { name: `switch in the process, ${mtu}`, sender, receiver, address: addressIn(network, 'receiver') };
}

async function onNamedNetwork(scope: Scope, program: string, mtu: number): Promise<Pair> {
  const store = new NetworkStore();
  const name = `bench-${mtu}`;
  await store.create({ name, mtu });
  scope.defer(async () => store.remove(name));
  const [sender, receiver] = [
    await launched(scope, program, 'sender', name),
    await launched(scope, program, 'receiver', name),
  ];
  const { members } = await store.get(name);
  const address = members.find((member) => member.name === 'receiver')?.address ?? '';
  return { name: `named network, ${mtu}`, sender, receiver, address };
}

function addressIn(network: Network, name: string): string {
  return network.members.find((member) => member.name === name)?.address ?? '';
}

async function launched(
  scope: Scope,
  program: string,
  name: string,
  network: Network | string,
): Promise<Exec> {
  const machine = await launch({ ...GUEST, name, networks: [network] });
  scope.defer(async () => machine[Symbol.asyncDispose]());
  await machine.push(readFileSync(program), PEER, { mode: 0o755 });
  return async (...argv) => {
    const { stdout, stderr, exitCode } = await machine.exec(argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
    return stdout.toString();
  };
}

/** Named machines, since others cannot be on a bridge, in a network namespace that lives as long as they do. */
async function onBridge(scope: Scope, program: string, mtu: number): Promise<Pair> {
  const home = await makeHome();
  scope.defer(async () => home.close());
  const names = ['sender', 'receiver'];
  const starts = names.map(
    (name) => `"$NODE" "$VMLET" create ${name} --image micro -m 128M --cpus 1 --net bridge=br-bench --start`,
  );
  const script = [BRIDGE, `ip link set br-bench mtu ${mtu}`, ...starts].join('\n');
  const env = { ...home.environment, NODE: process.execPath, VMLET };
  const { status, stderr } = spawnSync('unshare', ['-mn', 'sh', '-c', script], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`machines on a bridge did not start: ${stderr}`);
  const [sender, receiver] = names.map((name) => execOf(home, name)) as [Exec, Exec];
  for (const [index, name] of names.entries()) {
    await finished(home, 'cp', program, `${name}:${PEER}`);
    await finished(
      home,
      'exec',
      name,
      'sh',
      '-ec',
      `ip addr add 10.78.0.${index + 1}/24 dev eth0; ip link set eth0 up`,
    );
  }
  return { name: `taps on a bridge, ${mtu}`, sender, receiver, address: '10.78.0.2' };
}

function execOf(home: Home, name: string): Exec {
  return async (...argv) => finished(home, 'exec', name, '--', ...argv);
}

async function finished(home: Home, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await home.vmlet(...args);
  if (status !== 0) throw new Error(`vmlet ${args.join(' ')}: ${stderr}`);
  return stdout;
}
