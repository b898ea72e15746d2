import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../directory.ts';
import {
  GuestCommandError,
  type Machine,
  MachineEndedError,
  PortTakenError,
  QmpRefusedError,
  launch,
} from '../../src/index.ts';
import { run } from '../../src/process/run.ts';
import { until } from '../until.ts';

const directory = temporaryDirectory();
/** Made here, and read from a disk: a guest takes a minute to draw and hash as much with an emulated CPU. */
const big = join(directory, 'big.raw');
const BIG_BYTES = 100 * 1024 * 1024;

async function answer(port: number, host = '127.0.0.1'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(body)).on('error', () => resolve(undefined));
    });
    // Node only tells of the time limit.
    request.on('timeout', () => request.destroy()).on('error', () => resolve(undefined));
  });
}

describe('a guest', () => {
  let machine: Machine;
  beforeAll(async () => {
    // Not the automatic choice, which is slirp, without forwards of IPv6, if passt is of 2023.
    const ports = ['127.0.0.1::80', '[::1]::80'];
    writeFileSync(big, randomBytes(BIG_BYTES));
    const disks = ['64M', `${big},format=raw,readonly`];
    machine = await launch({ net: 'passt', ports, disks, name: 'guest-one' });
  });
  afterAll(async () => {
    expect(await machine.kill()).toEqual({ kind: 'killed', signal: 'SIGKILL', expected: true });
  });

  it('has room for several packets of 64 KiB in a socket', async () => {
    const { stdout } = await machine.exec(['cat', '/proc/sys/net/ipv4/tcp_rmem']);
    // By default 131072, in which two packets have no room: passt repeats a dropped one after two seconds.
    expect(stdout.toString().split(/\s+/)[1]).toBe('1048576');
  });

  it('runs commands and reports how they ended', async () => {
    const result = await machine.exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    });
    expect((await machine.exec(['sh', '-c', 'kill -TERM $$'])).signal).toBe('SIGTERM');
    await expect(machine.exec(['no-such-program'])).rejects.toThrow(GuestCommandError);
  });

  it('has name, clock, address, route and name server before the first command runs', async () => {
    const { stdout } = await machine.exec([
      'sh',
      '-c',
      'hostname; date +%s; ip -4 addr show eth0; ip route; cat /etc/resolv.conf',
    ]);
    const text = stdout.toString();
    expect(text).toMatch(/^guest-one\n/);
    expect(Math.abs(Number(text.split('\n')[1]) - Date.now() / 1000)).toBeLessThan(60);
    expect(text).toContain('inet 10.0.2.15/24');
    expect(text).toContain('default via 10.0.2.2');
    expect(text).toContain('nameserver 10.0.2.3');
  });

  it('answers on its published ports even before it has sent anything', async () => {
    await machine.exec([
      'sh',
      '-c',
      'mkdir -p /www; echo hello > /www/index.html; httpd -p "[::]:80" -h /www',
    ]);
    // Even the first connection, each once: passt drops packets for a guest that it has not heard from.
    for (const { hostAddress, hostPort } of machine.ports)
      expect(await answer(hostPort, hostAddress)).toBe('hello\n');
  });

  it('gets and loses a port while it runs', async () => {
    await machine.exec(['sh', '-c', 'echo later > /run/index.html && httpd -p 127.0.0.1:8081 -h /run']);
    const atLaunch = machine.ports;
    const forward = await machine.forwardPort({ guestPort: 8081 });
    const { hostPort } = forward;
    expect(forward).toMatchObject({ protocol: 'tcp', hostAddress: '127.0.0.1', ephemeral: true });
    expect(machine.ports.map((port) => port.hostPort)).toEqual([
      ...atLaunch.map((port) => port.hostPort),
      hostPort,
    ]);
    expect(await answer(hostPort)).toBe('later\n');
    await expect(machine.forwardPort(`${hostPort}:80`)).rejects.toThrow(PortTakenError);

    await forward[Symbol.asyncDispose]();
    expect(machine.ports).toEqual(atLaunch);
    expect(await answer(hostPort)).toBeUndefined();

    await using again = await machine.forwardPort(`[::1]:${hostPort}:8081`);
    expect(again.ephemeral).toBe(false);
    expect(await answer(hostPort, '::1')).toBe('later\n');
  });

  it('runs many commands at once', async () => {
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const outputs = await Promise.all(
      numbers.map(async (number) =>
        (await machine.exec(['sh', '-c', `sleep 0.2; echo ${number}`])).stdout.toString(),
      ),
    );
    expect(outputs).toEqual(numbers.map((number) => `${number}\n`));
  });

  it('passes 100 MiB through stdout unchanged', { timeout: 600_000 }, async () => {
    const command = machine.exec(['cat', '/dev/vdb']);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of command.stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
    expect((await command).exitCode).toBe(0);
    expect(size).toBe(BIG_BYTES);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(readFileSync(big)).digest('hex'));
  });

  it('copies files in and out with their modes', async () => {
    const content = Buffer.from('some\0bytes\n');
    await machine.push(content, '/root/deep/er/file', { mode: 0o640, parents: true });
    expect(await machine.readFile('/root/deep/er/file')).toEqual(content);
    expect((await machine.exec(['stat', '-c', '%a', '/root/deep/er/file'])).stdout.toString()).toBe('640\n');
  });

  it('has the requested disk', async () => {
    const { stdout } = await machine.exec(['cat', '/sys/block/vda/size']);
    expect(Number(stdout.toString()) * 512).toBe(64 * 1024 * 1024);
  });

  it('cannot be used to read the files of the user', async () => {
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'secret\n');
    const attempt = machine.qmp.execute('blockdev-add', {
      driver: 'file',
      'node-name': 'stolen',
      filename: secret,
      'read-only': true,
    });
    await expect(attempt).rejects.toThrow(QmpRefusedError);
    await expect(
      machine.qmp.execute('blockdev-add', {
        driver: 'file',
        'node-name': 'p',
        filename: '/etc/passwd',
        'read-only': true,
      }),
    ).rejects.toThrow(/Permission denied|No such file or directory/);
  });

  it('gives QEMU nothing of the launcher’s environment', () => {
    expect(readFileSync(`/proc/${machine.pid}/environ`, 'utf8')).toBe('');
  });

  it('has a QEMU without new privileges, with filtered system calls and no extra devices', () => {
    const status = readFileSync(`/proc/${machine.pid}/status`, 'utf8');
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    for (const name of machine.plan.layers.namespaces) {
      const file = `ns/${name === 'mount' ? 'mnt' : name}`;
      expect(readlinkSync(`/proc/${machine.pid}/${file}`)).not.toBe(readlinkSync(`/proc/self/${file}`));
    }
    const words = readFileSync(`/proc/${machine.pid}/cmdline`, 'utf8').split('\0');
    expect(words).toContain('-nodefaults');
    expect(words).toContain('-no-user-config');
    expect(words[words.indexOf('-sandbox') + 1]).toBe(
      'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny',
    );
  });
});

describe('disks', () => {
  it('are overlays that do not change the file, whatever its name', async () => {
    const file = join(directory, "odd, name=1 'ü'.qcow2");
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', file, '16M']);
    const before = readFileSync(file);
    await using machine = await launch({ disks: [file], net: 'none' });
    const { exitCode } = await machine.exec([
      'sh',
      '-c',
      'echo changed > /dev/vda && sync && grep -q changed /dev/vda',
    ]);
    expect(exitCode).toBe(0);
    await machine.stop();
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

describe('the end of a guest', () => {
  it('is a requested power-off after stop()', async () => {
    await using machine = await launch({ net: 'none', kept: 'use' });
    expect(await machine.stop()).toEqual({ rung: 'guest', outcome: { kind: 'power-off', requested: true } });
    await expect(machine.exec(['true'])).rejects.toThrow(MachineEndedError);
  });

  it('is a panic when its kernel panics, and includes the console’s last lines', async () => {
    await using machine = await launch({ net: 'none' });
    const command = machine.exec(['sh', '-c', 'echo c > /proc/sysrq-trigger']);
    await expect(command).rejects.toThrow(MachineEndedError);
    expect(await machine.ended).toEqual({ kind: 'panic' });
    expect(machine.console.last(200).join('\n')).toMatch(/sysrq triggered crash/i);
  });

  it('is a reboot when it reboots', async () => {
    await using machine = await launch({ net: 'none', kept: 'use' });
    machine.exec(['reboot', '-f']).catch(() => undefined);
    expect(await machine.ended).toEqual({ kind: 'reboot' });
  });
});

describe('the network', () => {
  it.each(['passt', 'slirp'] as const)('works with %s', async (net) => {
    await using machine = await launch({ net, ports: ['8080'] });
    await machine.exec(['httpd', '-p', '8080', '-h', '/etc']);
    const port = machine.ports[0]?.hostPort ?? 0;
    expect(await until(async () => answer(port))).toBeDefined();
  });

  it.each([
    { net: 'passt', reached: undefined },
    // slirp cannot be prevented from it; docs/security.md says so.
    { net: 'slirp', reached: 'secret' },
  ] as const)('the gateway of $net leads to services on the host’s loopback: $reached', async (expected) => {
    const servers = [0, 1].map(() => createServer((_request, response) => void response.end('secret')));
    const listen = async (index: number, port: number, address: string): Promise<void> =>
      new Promise((resolve) => void servers[index]?.listen(port, address, resolve));
    try {
      await listen(0, 0, '127.0.0.1');
      const { port } = servers[0]?.address() as { port: number };
      await listen(1, port, '::1');
      await using machine = await launch({ net: expected.net, kept: 'use' });
      expect(await answer(port)).toBe('secret');
      const gateways = machine.plan.network?.guest.gateways ?? [];
      expect(gateways).toHaveLength(2);
      for (const gateway of gateways) {
        const host = gateway.includes(':') ? `[${gateway}]` : gateway;
        const words = ['timeout', '3', 'wget', '-q', '-O', '-', `http://${host}:${port}/`] as const;
        const { exitCode, stdout } = await machine.exec(words);
        expect(exitCode === 0 ? stdout.toString() : undefined, gateway).toBe(expected.reached);
      }
    } finally {
      await Promise.all(servers.map(async (server) => new Promise((resolve) => server.close(resolve))));
    }
  });

  it('reports the death of passt', async () => {
    await using machine = await launch({ net: 'passt' });
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ');
    const passt = children.find((pid) => /^passt/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')));
    // passt’s /proc entries are readable only by root.
    if (process.getuid?.() === 0) expect(readFileSync(`/proc/${passt}/environ`, 'utf8')).toBe('');
    process.kill(Number(passt), 'SIGKILL');
    expect(await machine.networkLost).toMatchObject({ program: 'passt', status: { signal: 'SIGKILL' } });
    expect((await machine.exec(['true'])).exitCode).toBe(0);
  });
});
