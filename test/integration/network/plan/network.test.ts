import { existsSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PortTakenError } from '../../../../src/errors/index.ts';
import { chooseHostPorts } from '../../../../src/network/ports/host-port.ts';
import type { NetworkBackend } from '../../../../src/network/plan/network.ts';
import { readHostNetwork } from '../../../../src/network/probe/host-network.ts';
import { type BoundForward, parsePortForwards } from '../../../../src/network/ports/port.ts';
import { connectedPair } from '../../../../src/passt/qemu-connection.ts';
import { explainSlirpFailure } from '../../../../src/passt/start-failure.ts';
import { countWaiting } from '../../../../src/network/ports/socket-table.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { NO_VHOST_USER, PASST_BACKENDS, accepts, bootMachine, processesWith } from '../../passt/lab.ts';

function testScope(): Scope {
  const scope = new Scope();
  onTestFinished(async () => scope.close());
  return scope;
}

const hasIpv6 = readHostNetwork().ipv6Interface !== undefined;
const PATIENT = { timeout: 30_000, interval: 20 };

const passtBackends = PASST_BACKENDS.filter(({ missing }) => !missing).map(({ backend }) => backend);

it.for(PASST_BACKENDS.filter(({ missing }) => missing))('$backend', (_, { skip }) => skip(NO_VHOST_USER));

describe.each<NetworkBackend>([...passtBackends, 'slirp'])('%s', (backend) => {
  it('listens on the given address only, and an early connection does no harm', async () => {
    const ipv6 = hasIpv6 && backend !== 'slirp' ? ['[::1]::80', '[::1]::53/udp'] : [];
    const machine = await bootMachine(
      backend,
      ['127.0.0.1::80', '127.0.0.2::80', '127.0.0.1::53/udp', ...ipv6],
      testScope(),
    );
    await Promise.all([machine.network.ready, machine.replied]);
    for (const { hostAddress, hostPort, protocol } of machine.forwards) {
      expect(countWaiting()(hostAddress, hostPort, protocol), `${hostAddress}:${hostPort}`).toBe(1);
      expect(countWaiting()('0.0.0.0', hostPort, protocol)).toBe(0);
      expect(countWaiting()('::', hostPort, protocol)).toBe(0);
      if (protocol === 'tcp') expect(await accepts(hostAddress, hostPort)).toBe(true);
    }
    const [loopback] = machine.forwards;
    expect(await accepts('127.0.0.3', loopback!.hostPort)).toBe(false);
    expect(existsSync(machine.socketPath)).toBe(false);
    machine.send('{"execute":"quit"}');
    expect(await machine.qemu.exited).toEqual({ exitCode: 0, signal: undefined });
  });

  it('needs no forwards', async () => {
    const machine = await bootMachine(backend, [], testScope());
    await Promise.all([machine.network.ready, machine.replied]);
  });
});

describe.each(passtBackends)('the end of %s', (backend) => {
  it.each(['quit', 'kill'] as const)('comes after QEMU with %s', async (end) => {
    const scope = testScope();
    const machine = await bootMachine(backend, ['80'], scope);
    await Promise.all([machine.network.ready, machine.replied]);
    if (end === 'quit') machine.send('{"execute":"quit"}');
    else machine.qemu.kill('SIGKILL');
    await machine.qemu.exited;
    if (backend === 'passt-vhost-user') {
      expect(await machine.network.exited).toEqual({ exitCode: 0, signal: undefined });
      return;
    }
    // Its connection is still open: it could not survive its next message.
    for (const { hostPort } of machine.forwards) expect(await accepts('127.0.0.1', hostPort)).toBe(true);
    await scope.close();
    expect(await machine.network.exited).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
  });

  it('comes with the scope', async () => {
    const scope = new Scope();
    const { network, replied } = await bootMachine(backend, ['80'], scope);
    await Promise.all([network.ready, replied]);
    const pid = network.pid!;
    await scope.close();
    expect(processesWith('/passt').includes(pid)).toBe(false);
  });

  it('is detected while QEMU runs', async () => {
    const machine = await bootMachine(backend, ['80'], testScope());
    await Promise.all([machine.network.ready, machine.replied]);
    process.kill(machine.network.pid!, 'SIGKILL');
    expect(await machine.network.exited).toEqual({ exitCode: undefined, signal: 'SIGKILL' });
    machine.send('{"execute":"quit"}');
    expect(await machine.qemu.exited).toMatchObject({ exitCode: 0 });
  });
});

describe('a port that another process takes after it was chosen', () => {
  async function lostPort(): Promise<BoundForward> {
    const [forward] = await chooseHostPorts(parsePortForwards(['80']));
    const thief = createServer().listen({ host: '127.0.0.1', port: forward!.hostPort });
    await once(thief, 'listening');
    onTestFinished(() => void thief.close());
    return forward!;
  }

  it.each(passtBackends)('fails the start of %s in a way that can be retried', async (backend) => {
    const forward = await lostPort();
    const { network } = await bootMachine(backend, [forward], testScope());
    const error: unknown = await network.ready.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PortTakenError);
    expect(error).toMatchObject({ ephemeral: true, owner: { pid: process.pid } });
  });

  it('is detected for slirp from QEMU’s last output', async () => {
    const forward = await lostPort();
    const { qemu } = await bootMachine('slirp', [forward], testScope());
    await Promise.all([qemu.exited, qemu.outputEnded]);
    await expect(explainSlirpFailure(qemu.output.last(20), [forward])).rejects.toMatchObject({
      code: 'VMLET_PORT_TAKEN',
      ephemeral: true,
    });
    await expect(explainSlirpFailure(['another failure'], [forward])).resolves.toBeUndefined();
  });

  it('is detected for UDP too, where two instances of passt could listen', async () => {
    const [forward] = await chooseHostPorts(parsePortForwards(['53/udp']));
    const thief = createSocket({ type: 'udp4', reuseAddr: true });
    thief.bind({ address: '127.0.0.1', port: forward!.hostPort });
    await once(thief, 'listening');
    onTestFinished(() => void thief.close());
    const { network } = await bootMachine('passt-stream', [forward!], testScope());
    await expect(network.ready).rejects.toBeInstanceOf(PortTakenError);
  });
});

it('a connected pair leaves no path, and Node reads no data from it', async () => {
  const scope = testScope();
  const path = `/tmp/vmlet-pair-${process.pid}`;
  const [one, other] = await connectedPair(path, scope);
  await vi.waitFor(() => expect(existsSync(path)).toBe(false), PATIENT);
  one.write('frame');
  await new Promise((resolve) => setImmediate(resolve));
  expect(other.isPaused()).toBe(true);
  expect(other.bytesRead).toBe(0);
});

it('rejects a socket path that is too long for the kernel', async () => {
  await expect(connectedPair(`/tmp/${'long'.repeat(30)}`, testScope())).rejects.toThrow(/limit: 107/);
});
