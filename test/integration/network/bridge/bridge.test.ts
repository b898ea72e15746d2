import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CommandFailedError,
  InvalidInputError,
  MissingProgramError,
  PermissionError,
  type VmletError,
} from '../../../../src/errors/index.ts';
import {
  type BridgePlaces,
  findBridge,
  mtuOnBridge,
  tapNetdev,
  withTap,
} from '../../../../src/network/bridge/bridge.ts';
import { keeperProgram } from '../../../../src/process/native/keeper-program.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { run, type RunResult } from '../../../../src/process/run.ts';
import { supervise } from '../../../../src/process/supervise.ts';
import { MAY_GAIN_PRIVILEGES, ANY_PARENT, tether } from '../../../../src/process/confine/tether.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const BRIDGE = 'vmletbr0';
const HELPER = '/usr/lib/qemu/qemu-bridge-helper';
const DESCRIPTOR = 5;

describe('the requirements of a bridge', () => {
  const { path: directory, remove } = makeTemporaryDirectory();
  afterAll(remove);
  const helper = join(directory, 'qemu-bridge-helper');
  const configuration = join(directory, 'bridge.conf');
  const status = join(directory, 'status');
  const places: BridgePlaces = {
    interfaces: join(directory, 'net'),
    helpers: [
      { path: join(directory, 'elsewhere'), configuration: '/nowhere' },
      { path: helper, configuration },
    ],
    status,
    tun: join(directory, 'tun'),
    uid: 1000,
  };

  beforeAll(() => {
    mkdirSync(join(directory, 'net/br0/bridge'), { recursive: true });
    writeFileSync(join(directory, 'net/br0/mtu'), '9000\n');
    mkdirSync(join(directory, 'net/eth0'));
    writeFileSync(status, 'Name:\tnode\nNoNewPrivs:\t0\n');
    writeFileSync(places.tun, '');
  });

  async function refusal(
    bridge = 'br0',
    at = places,
  ): Promise<{ message: string; hint?: string | undefined }> {
    try {
      await findBridge(bridge, at);
      return { message: 'it was not refused' };
    } catch (error) {
      return error as VmletError;
    }
  }

  test('are checked in order, each with a hint', async () => {
    expect(await refusal('br9')).toBeInstanceOf(InvalidInputError);
    expect(await refusal('br9')).toMatchObject({ message: 'net: no such bridge: br9' });
    expect(await refusal('eth0')).toMatchObject({
      message: 'net: the network interface eth0 is not a bridge',
    });
    expect((await refusal('../net/br0')).message).toContain('invalid bridge name');

    expect(await refusal()).toBeInstanceOf(MissingProgramError);
    expect((await refusal()).hint).toContain(helper);
    writeFileSync(helper, '#!/bin/sh\n');
    chmodSync(helper, 0o755);

    expect(await refusal()).toBeInstanceOf(PermissionError);
    expect((await refusal()).message).toContain('but the file does not exist');
    expect((await refusal()).hint).toContain('the line "allow br0"');
    writeFileSync(configuration, 'allow br1\n');
    expect(await refusal()).toMatchObject({
      message: `${configuration} does not allow bridge "br0"`,
      hint: `as root, add this line to ${configuration}: allow br0`,
    });
    writeFileSync(configuration, 'allow br0\ndeny all\n');
    expect((await refusal()).hint).toContain('remove the line "deny all"');
    writeFileSync(configuration, 'allow br0\n');

    expect((await refusal()).hint).toContain(`chmod u+s ${helper}`);
    expect((await refusal()).hint).toContain(`dpkg-statoverride --update --add root root 4755 ${helper}`);
    expect(await findBridge('br0', { ...places, uid: 0 })).toEqual({ bridge: 'br0', helper, mtu: 9000 });
  });

  test.skipIf(process.getuid?.() !== 0)('are met by a setuid root helper', async () => {
    chownSync(helper, 0, 0);
    // Executable only for its owner: it is an empty script, to which setuid does nothing.
    chmodSync(helper, 0o4755);
    expect(await findBridge('br0', places)).toEqual({ bridge: 'br0', helper, mtu: 9000 });
    writeFileSync(status, 'Name:\tnode\nNoNewPrivs:\t1\n');
    expect((await refusal()).message).toContain('(no_new_privs is set)');
    chmodSync(helper, 0o755);
  });

  test('include an MTU that is not less than the one that was asked for', () => {
    const network = { bridge: 'br0', helper, mtu: 9000 };
    expect([mtuOnBridge(network), mtuOnBridge(network, 1400), mtuOnBridge(network, 9000)]).toEqual([
      9000, 1400, 9000,
    ]);
    expect(() => mtuOnBridge(network, 9001)).toThrow(
      'net: bridge "br0" has MTU 9000, which is less than 9001',
    );
  });

  test('are not met without /dev/net/tun', async () => {
    const at = { ...places, tun: join(directory, 'nowhere') };
    expect((await refusal('br0', at)).message).toContain(`no such device: ${at.tun}`);
  });
});

/**
 * In its own network, with our bridge and configuration ($1), a setuid copy of the helper and a device that all
 * may open, on a file system that no other process sees.
 */
const IN_NETWORK = `
set -eu
mount -t tmpfs tmpfs /etc/qemu
printf '%s' "$1" >/etc/qemu/bridge.conf
printf 'allow ${BRIDGE}\\n' >/etc/qemu/included.conf
mount -t tmpfs -o mode=755 tmpfs /mnt
cp ${HELPER} /mnt/helper
chmod 4755 /mnt/helper
mknod /mnt/tun c 10 200
chmod 666 /mnt/tun
mount --bind /mnt/tun /dev/net/tun
ip link add ${BRIDGE} type bridge
ip address add 10.77.0.1/24 dev ${BRIDGE}
ip link set ${BRIDGE} up
shift
exec "$@"
`;

function inNetwork(configuration: string, argv: readonly string[]): [string, ...string[]] {
  return [
    'unshare',
    '--net',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    IN_NETWORK,
    'sh',
    configuration,
    ...argv,
  ];
}

async function whyNoBridge(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root makes a network of its own with a bridge';
  if (!existsSync(HELPER)) return `there is no ${HELPER}`;
  try {
    await run(inNetwork('', ['test', '-c', '/dev/net/tun']));
    return undefined;
  } catch (error) {
    return `no bridge can be made here: ${String(error)}`;
  }
}

const reason = await whyNoBridge();
if (reason !== undefined) console.warn(`skipped: ${reason}`);

describe.skipIf(reason !== undefined)('a tap device in a bridge', () => {
  const scope = new Scope();
  let directory: string;
  let keeper: string;

  beforeAll(() => {
    const { path, remove } = makeTemporaryDirectory();
    scope.defer(remove);
    directory = path;
    chmodSync(path, 0o755);
    keeper = join(path, 'vmlet-keeper');
    copyFileSync(keeperProgram(), keeper);
    chmodSync(keeper, 0o755);
  });
  afterAll(async () => scope.close());

  /** Prints the tap device that a program inherits: its name, and whether it is in the bridge. */
  async function show(
    configuration: string,
    helper = HELPER,
    before: readonly string[] = [],
  ): Promise<RunResult> {
    const program = [
      '/bin/sh',
      '-c',
      `sed -n 's/^iff:[[:space:]]*//p' /proc/self/fdinfo/${DESCRIPTOR}; ls /proc/self/fd; ls /sys/class/net/${BRIDGE}/brif 2>/dev/null || ip -o link show master ${BRIDGE}`,
    ] as const;
    const argv = withTap(keeper, { bridge: BRIDGE, helper }, DESCRIPTOR, program);
    return run(inNetwork(configuration, [...before, ...argv]), { confinement: MAY_GAIN_PRIVILEGES });
  }

  test('is inherited with its number, and attached to the bridge', async () => {
    const { stdout } = await show(`allow ${BRIDGE}\n`);
    expect(stdout.toString()).toMatch(/^tap0\n/);
    expect(stdout.toString().match(/tap0/g)?.length).toBe(2);
  });

  test('is opened for an ordinary user by a setuid helper', async () => {
    const user = ['setpriv', '--reuid', '61234', '--regid', '61234', '--clear-groups'];
    const { stdout } = await show(`allow ${BRIDGE}\n`, '/mnt/helper', user);
    expect(stdout.toString()).toMatch(/^tap0\n/);
    await expect(show(`allow ${BRIDGE}\n`, HELPER, user)).rejects.toThrow(CommandFailedError);
    await expect(show(`allow ${BRIDGE}\n`, '/mnt/helper', [...user, '--no-new-privs'])).rejects.toMatchObject(
      {
        stderr: expect.stringContaining('Operation not permitted') as string,
      },
    );
  });

  // The same texts as in test/unit/network/bridge/bridge-conf.test.ts: our verdict is the helper’s.
  test.each([
    ['', false],
    [`# allow ${BRIDGE}\n\n`, false],
    [`  allow\t${BRIDGE}  \n`, false],
    [`  allow\t${BRIDGE}\n`, true],
    ['allow all\n', true],
    [`allow all\ndeny ${BRIDGE}\n`, false],
    [`allow ${BRIDGE} br1\n`, false],
    [`allow ${BRIDGE}\npermit br1\n`, false],
    ['include /etc/qemu/included.conf\n', true],
    [`include /nowhere\nallow ${BRIDGE}\n`, true],
  ])('is permitted by %j: %s', async (configuration, expected) => {
    if (expected) await show(configuration);
    else await expect(show(configuration)).rejects.toMatchObject({ status: { exitCode: 1 } });
  });

  test('is reported as missing when the helper sends none', async () => {
    await expect(show('', '/bin/true')).rejects.toMatchObject({
      stderr: 'vmlet-keeper: /bin/true: it sent no tap device\n',
    });
    await expect(show('', '/nowhere')).rejects.toMatchObject({
      stderr: expect.stringContaining('/nowhere: No such file or directory') as string,
    });
  });

  test('carries frames both ways for a QEMU that cannot gain privileges', async () => {
    const path = join(directory, 'peer');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    scope.defer(() => void server.close());
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const qemu = [
      ...[requireProgram('qemu-system-x86_64'), '-nodefaults', '-no-user-config'],
      ...['-machine', 'none', '-display', 'none'],
      ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
      ...['-netdev', JSON.stringify(tapNetdev('network', DESCRIPTOR))],
      ...[
        '-netdev',
        JSON.stringify({ type: 'stream', id: 'peer', server: false, addr: { type: 'unix', path } }),
      ],
      ...[
        '-netdev',
        'hubport,id=one,hubid=0,netdev=network',
        '-netdev',
        'hubport,id=two,hubid=0,netdev=peer',
      ],
    ];
    // The device also works in QEMU’s own network: it belongs to the one in which it was created.
    const layers = ['--unshare', 'net', '--seccomp', 'base,sockets'];
    const words = tether(ANY_PARENT, DESCRIPTOR + 1, qemu, layers);
    const argv = withTap(keeper, { bridge: BRIDGE, helper: HELPER }, DESCRIPTOR, words);
    const process_ = supervise(
      inNetwork(`allow ${BRIDGE}\n`, argv),
      { environment: { PATH: process.env['PATH'] ?? '' } },
      scope,
    );
    const failed = process_.exited.then(() => {
      throw new Error(`QEMU ended: ${process_.output.last(5).join('\n')}`);
    });
    const peer = await Promise.race([connected, failed]);
    scope.defer(() => void peer.destroy());
    // The bridge’s port may not forward yet, and the kernel sends other frames: repeat until it answers.
    const answer = new Promise<Buffer>((resolve) => {
      let bytes = Buffer.alloc(0);
      peer.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
          const frame = bytes.subarray(4, 4 + bytes.readUInt32BE(0));
          bytes = bytes.subarray(4 + frame.length);
          if (frame.readUInt16BE(12) === 0x0806 && frame.readUInt16BE(20) === 2) resolve(frame);
        }
      });
    });
    const ask = setInterval(() => peer.write(arpRequest()), 50);
    const frame = await Promise.race([answer, failed]).finally(() => clearInterval(ask));
    expect([...frame.subarray(28, 32)]).toEqual([10, 77, 0, 1]);
    expect(frame.subarray(0, 6)).toEqual(GUEST_MAC);
  });
});

const GUEST_MAC = Buffer.from('525400123456', 'hex');

/** Who has 10.77.0.1? Tell 10.77.0.2. With the length before it, as in QEMU’s stream. */
function arpRequest(): Buffer {
  const frame = Buffer.concat([
    Buffer.alloc(6, 0xff),
    GUEST_MAC,
    Buffer.from('0806', 'hex'),
    Buffer.from('0001080006040001', 'hex'),
    GUEST_MAC,
    Buffer.from([10, 77, 0, 2]),
    Buffer.alloc(6),
    Buffer.from([10, 77, 0, 1]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}
