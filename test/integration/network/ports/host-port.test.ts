import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { InvalidInputError, PermissionError, PortTakenError } from '../../../../src/errors/index.ts';
import { chooseHostPorts, explainUnboundPort } from '../../../../src/network/ports/host-port.ts';
import { parsePortForwards } from '../../../../src/network/ports/port.ts';

async function takeTcp(host: string, ipv6Only = false): Promise<number> {
  const server = createServer();
  server.listen({ host, port: 0, ipv6Only });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function takeUdp(address: string): Promise<number> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', reuseAddr: true });
  socket.bind({ address, port: 0 });
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

async function failure(port: string): Promise<unknown> {
  return chooseHostPorts(parsePortForwards([port])).then(
    (forwards) => forwards,
    (error: unknown) => error,
  );
}

it('names the endpoint and the owner of a port that is taken', async () => {
  const tcp = await takeTcp('127.0.0.1');
  const tcp6 = await takeTcp('::1');
  const dual = await takeTcp('::');
  const udp = await takeUdp('127.0.0.1');
  const udp6 = await takeUdp('::1');
  for (const [port, endpoint] of [
    [`${tcp}:80`, `127.0.0.1:${tcp}/tcp`],
    [`0.0.0.0:${tcp}:80`, `0.0.0.0:${tcp}/tcp`],
    [`[::1]:${tcp6}:80`, `[::1]:${tcp6}/tcp`],
    [`127.0.0.1:${dual}:80`, `127.0.0.1:${dual}/tcp`],
    [`${udp}:53/udp`, `127.0.0.1:${udp}/udp`],
    [`[::1]:${udp6}:53/udp`, `[::1]:${udp6}/udp`],
  ] as const) {
    const error = await failure(port);
    expect(error, port).toBeInstanceOf(PortTakenError);
    expect(error, port).toMatchObject({ endpoint, ephemeral: false, owner: { pid: process.pid } });
    expect((error as Error).message).toContain(`(pid ${process.pid})`);
  }
});

it('says when a UDP port becomes free that passt keeps for the exchange of a removed forward', async () => {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  socket.bind({ address: '127.0.0.1', port: 0 });
  await once(socket, 'listening');
  socket.connect(9, '127.0.0.1');
  await once(socket, 'connect');
  const error = await failure(`${socket.address().port}:53/udp`);
  expect(error).toMatchObject({
    owner: undefined,
    hint: expect.stringContaining('try again in a few minutes') as string,
  });
});

it('a port that is taken on another address or for another protocol is free', async () => {
  const tcp = await takeTcp('127.0.0.1');
  const forwards = await chooseHostPorts(parsePortForwards([`127.0.0.2:${tcp}:80`, `${tcp}:80/udp`]));
  expect(forwards.map(({ hostPort, ephemeral }) => [hostPort, ephemeral])).toEqual([
    [tcp, false],
    [tcp, false],
  ]);
});

it('chooses different free ports, and keeps none open', async () => {
  const wanted = parsePortForwards(['127.0.0.1::1000-1199', '[::1]::80', '0.0.0.0::53/udp']);
  const forwards = await chooseHostPorts(wanted);
  expect(forwards.map(({ guestPort }) => guestPort)).toEqual(wanted.map(({ guestPort }) => guestPort));
  const chosen = forwards.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`);
  expect(new Set(chosen).size).toBe(202);
  expect(forwards.every(({ ephemeral }) => ephemeral)).toBe(true);
  await expect(chooseHostPorts(forwards)).resolves.toHaveLength(202);
});

it('rejects an address that the host does not have, and lists those that it has', async () => {
  const error = await failure('203.0.113.77:8080:80');
  expect(error).toBeInstanceOf(InvalidInputError);
  expect((error as Error).message).toMatch(/203\.0\.113\.77.*expected one of .*127\.0\.0\.1/);
});

it.skipIf(process.getuid?.() === 0)('rejects a low port for an ordinary user', async () => {
  const error = await failure('1:80');
  expect(error).toBeInstanceOf(PermissionError);
  expect((error as PermissionError).hint).toMatch(/ip_unprivileged_port_start/);
});

it('explains a lost port even when it is free again, so that the start can be retried', async () => {
  const [forward] = await chooseHostPorts(parsePortForwards(['80']));
  await expect(explainUnboundPort(forward!)).rejects.toMatchObject({
    code: 'VMLET_PORT_TAKEN',
    ephemeral: true,
    owner: undefined,
  });
});

it('stops when it is aborted', async () => {
  const reason = new Error('enough');
  await expect(chooseHostPorts(parsePortForwards(['80']), AbortSignal.abort(reason))).rejects.toBe(reason);
});

describe('a preferred port', () => {
  const free = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const choose = async (ports: string[], preferred: (number | undefined)[]): Promise<number[]> =>
    (await chooseHostPorts(parsePortForwards(ports), undefined, preferred)).map(({ hostPort }) => hostPort);

  it('is chosen if it is free, and counts as chosen', async () => {
    const port = await free();
    const [forward] = await chooseHostPorts(parsePortForwards(['80']), undefined, [port]);
    expect(forward).toMatchObject({ hostPort: port, ephemeral: true });
  });

  it('is replaced if it is in use, and the others stay', async () => {
    const [taken, port] = [await takeTcp('127.0.0.1'), await free()];
    const chosen = await choose(['80', '81'], [taken, port]);
    expect(chosen[0]).not.toBe(taken);
    expect(chosen[1]).toBe(port);
  });

  it('is used once, and not if the user forwards it elsewhere', async () => {
    const port = await free();
    const twice = await choose(['80', '80'], [port, port]);
    expect(twice[0]).toBe(port);
    expect(twice[1]).not.toBe(port);
    const wanted = await choose(['80', `${port}:81`], [port, undefined]);
    expect(wanted[1]).toBe(port);
    expect(wanted[0]).not.toBe(port);
  });

  it('does not apply to a forward with its own host port', async () => {
    const [port, other] = [await free(), await free()];
    expect(await choose([`${port}:80`], [other])).toEqual([port]);
  });
});

it('does not suggest an empty host port if it is already empty', async () => {
  const port = await takeTcp('127.0.0.1');
  const [forward] = parsePortForwards([`${port}:80`]);
  const hints = await Promise.all(
    [true, false].map(async (ephemeral) =>
      explainUnboundPort({ ...forward!, hostPort: port, ephemeral }).catch((error: unknown) => error),
    ),
  );
  expect(hints[0]).toMatchObject({ hint: expect.stringContaining('try again') as string });
  expect(hints[1]).toMatchObject({ hint: expect.stringContaining('leave the host port empty') as string });
});
