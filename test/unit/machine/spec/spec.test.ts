import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import type { LaunchOptions } from '../../../../src/machine/spec/launch-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';

const MiB = 1024 * 1024;

function refusal(options: unknown): InvalidInputError {
  try {
    parseSpec(options as LaunchOptions);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('parseSpec', () => {
  it('makes every default that does not depend on the host explicit', () => {
    expect(parseSpec({})).toEqual({
      name: 'vmlet',
      boot: { kind: 'image', image: 'micro' },
      pull: 'missing',
      seed: undefined,
      firmware: undefined,
      append: undefined,
      memoryBytes: 256 * MiB,
      cpus: 1,
      disks: [],
      ports: [],
      sockets: [],
      net: 'auto',
      networks: [],
      shares: [],
      volumes: [],
      tmpfs: [],
      faults: false,
      accel: 'auto',
      cpu: 'auto',
      until: 'guest',
      timeoutMs: undefined,
    });
  });

  it('gives a full system more memory than a kernel', () => {
    const more = { memoryBytes: 2048 * MiB };
    expect(parseSpec({ image: 'debian:13' })).toMatchObject(more);
    expect(parseSpec({ image: './disk.qcow2' })).toMatchObject(more);
    expect(parseSpec({ kernel: 'vmlinuz' }).memoryBytes).toBe(256 * MiB);
    expect(parseSpec({ image: 'micro' })).toMatchObject({ memoryBytes: 256 * MiB });
    expect(parseSpec({ image: 'debian:13', memory: '1G' }).memoryBytes).toBe(1024 * MiB);
  });

  it.each([
    ['options', 'micro'],
    ['options', 5],
    ['options', []],
    ['options', null],
    ['signal', { signal: 5 }],
    ['log', { log: 5 }],
    ['console', { console: 5 }],
    ['onProgress', { onProgress: {} }],
    ['onBoot', { onBoot: 'x' }],
  ])('rejects invalid %s: %o', (field, options) => {
    expect(refusal(options).field).toBe(field);
  });

  it('accepts the streams, loggers and functions of a program', () => {
    const of = { console: process.stdout, log: pino({ level: 'silent' }), onBoot: () => undefined };
    expect(parseSpec({ ...of, signal: new AbortController().signal })).toEqual(parseSpec({}));
  });

  it.each(['seed', 'firmware'] as const)('rejects %s for a directly booted kernel', (field) => {
    const options = { seed: { seed: {} }, firmware: { firmware: 'uefi' } } as const;
    expect(() => parseSpec(options[field])).toThrow(`${field}: requires a disk`);
    expect(() => parseSpec({ kernel: 'vmlinuz', ...options[field] })).toThrow(`${field}: requires a disk`);
  });

  it.each([
    ['512M', 512 * MiB],
    ['2G', 2048 * MiB],
    [100 * MiB + 1, 101 * MiB],
  ])('accepts %s as memory', (memory, bytes) => {
    expect(parseSpec({ memory }).memoryBytes).toBe(bytes);
  });

  it('treats an image with a slash as the path of a disk', () => {
    expect(parseSpec({ image: './odd, name.qcow2' }).boot).toEqual({
      kind: 'disk',
      path: './odd, name.qcow2',
      format: 'qcow2',
      trusted: false,
    });
    expect(parseSpec({ image: './disk.img,trusted,format=raw' }).boot).toEqual({
      kind: 'disk',
      path: './disk.img',
      format: 'raw',
      trusted: true,
    });
  });

  it.each([
    [{ memory: '16M' }, 'memory', /32 MiB/],
    [{ memory: 'lots' }, 'memory', /lots/],
    [{ memory: Number.NaN }, 'memory', /NaN|number/],
    [{ cpus: 0 }, 'cpus', /0/],
    [{ cpus: 1.5 }, 'cpus', /1\.5/],
    [{ cpu: '2' }, 'cpu', /processor model/],
    [{ cpu: 'max,+vmx' }, 'cpu', /processor model/],
    [{ name: 'a b' }, 'name', /hyphens/],
    [{ kernel: 'k', image: 'micro' }, 'kernel', /image/],
    [{ initrd: 'i' }, 'initrd', /kernel/],
    [{ modules: 'm' }, 'modules', /requires a kernel/],
    [{ modules: 'm', kernel: 'k', initrd: 'i' }, 'modules', /initramfs/],
    [{ image: 'host', kernel: 'k', initrd: 'i' }, 'kernel', /image/],
    [{ image: 'host', diskSize: '4G' }, 'diskSize', /applies only to the disk of/],
    [{ image: 'host', seed: {} }, 'seed', /disk/],
    [{ net: 'none', ports: ['80'] }, 'ports', /network/],
    [{ net: 'none', mac: '52:54:00:12:34:56' }, 'mac', /first network card/],
    [{ until: 'running', volumes: ['cache:/c'] }, 'volumes', /agent/],
    [{ until: 'running', mounts: ['src=/a,dst=/b'] }, 'mounts', /agent/],
    [{ until: 'running', ports: ['/run/web.sock:80'] }, 'ports', /agent/],
    [{ net: 'bridge' }, 'net', /bridge/],
    [{ ports: ['99999:80'] }, 'ports[0].hostPort', /99999/],
    [{ disks: ['./thing'] }, 'disks[0]', /no such file: .\/thing/],
    [{ disks: [''] }, 'disks[0]', /invalid disk/],
    [{ disks: [{ path: 'x' }] }, 'disks[0]', /invalid disk/],
    [{ append: 'a\nb' }, 'append', /line break/],
    [{ append: 'x'.repeat(2048) }, 'append', /2048 bytes/],
    [{ image: './2G' }, 'image', /no such file: .\/2G/],
    [{ image: 'docker.io/library/alpine' }, 'image', /library\/alpine is a container image/],
    [{ image: 'ghcr.io:443/a/b:1.2' }, 'image', /is a container image/],
    [{ image: '../images.d/web' }, 'image', /no such file/],
    [{ color: 'red' }, 'color', /unknown option/],
    [{ timeoutMs: -1 }, 'timeoutMs', /-1/],
  ])('rejects %j and names the field', (options, field, message) => {
    const error = refusal(options);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
  });

  it('accepts every option, in one normalized form', () => {
    expect(
      parseSpec({
        name: 'web',
        image: 'debian:13',
        pull: 'newer',
        diskSize: '20G',
        firmware: 'uefi-secure',
        memory: '1G',
        cpus: 255,
        disks: ['2G', './a.iso', { path: 'b', format: 'qcow2', trusted: true }],
        ports: ['8080:80', { guestPort: 53, protocol: 'udp' }],
        net: 'passt',
        mac: '52:54:00:12:34:56',
        faults: true,
        accel: 'tcg',
        cpu: 'Nehalem',
        limits: 'cpus=1.5,memory=3G',
        until: 'running',
        timeoutMs: 2 ** 31 - 1,
        append: 'quiet',
      }),
    ).toEqual({
      name: 'web',
      boot: { kind: 'image', image: 'debian:13' },
      pull: 'newer',
      diskBytes: 20 * 1024 * MiB,
      seed: undefined,
      firmware: 'uefi-secure',
      append: 'quiet',
      memoryBytes: 1024 * MiB,
      cpus: 255,
      disks: [
        { sizeBytes: 2048 * MiB },
        { path: './a.iso', format: 'raw' },
        { path: 'b', format: 'qcow2', trusted: true },
      ],
      ports: [
        { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 },
        { protocol: 'udp', hostAddress: '127.0.0.1', hostPort: undefined, guestPort: 53 },
      ],
      sockets: [],
      net: 'passt',
      mac: '52:54:00:12:34:56',
      networks: [],
      shares: [],
      volumes: [],
      tmpfs: [],
      faults: true,
      accel: 'tcg',
      cpu: 'Nehalem',
      limits: { cpus: 1.5, memoryBytes: 3072 * MiB },
      until: 'running',
      timeoutMs: 2 ** 31 - 1,
    });
  });

  it.each([
    ['pull', ['missing', 'newer', 'always', 'never']],
    ['firmware', ['bios', 'uefi', 'uefi-secure']],
    ['net', ['auto', 'passt', 'slirp', 'none']],
    ['accel', ['auto', 'kvm', 'tcg']],
    ['until', ['guest', 'running']],
  ] as const)('accepts each choice for %s, and no other', (field, choices) => {
    for (const choice of choices) {
      const options: LaunchOptions = { image: 'debian:13', [field]: choice };
      expect(parseSpec(options)[field]).toBe(choice);
    }
    expect(refusal({ image: 'debian:13', [field]: 'other' }).field).toBe(field);
  });

  it('finds relative directories to share where it runs', () => {
    const { shares } = parseSpec({ volumes: ['./site:/srv:ro'], mounts: ['src=/a,dst=/b'] });
    expect(shares).toMatchObject([
      { source: join(process.cwd(), 'site'), target: '/srv', readOnly: true },
      { source: '/a', target: '/b', readOnly: false },
    ]);
  });

  it('forwards unix sockets, also without a network', () => {
    const sockets = [{ path: '/run/web.sock', guestPort: 80 }];
    expect(parseSpec({ net: 'none', ports: ['/run/web.sock:80'] })).toMatchObject({ ports: [], sockets });
  });

  it('ignores the options of the launch itself', () => {
    const { signal } = new AbortController();
    expect(parseSpec({ signal, onProgress: () => undefined, onBoot: () => undefined })).toEqual(
      parseSpec({}),
    );
  });

  it("boots the host's system, with a kernel of the user’s or without", () => {
    const directory = process.cwd();
    expect(parseSpec({ image: 'host' })).toMatchObject({
      boot: { kind: 'host', directory, own: undefined },
      memoryBytes: 1024 * MiB,
    });
    expect(parseSpec({ image: 'host', kernel: 'k', modules: 'm' }).boot).toEqual({
      kind: 'host',
      directory,
      own: { kernel: 'k', modules: 'm' },
    });
  });

  it('boots a kernel of the user’s, with an initramfs or without', () => {
    expect(parseSpec({ kernel: 'k' }).boot).toEqual({ kind: 'kernel', kernel: 'k', initrd: undefined });
    expect(parseSpec({ kernel: 'k', initrd: 'i' }).boot).toEqual({
      kind: 'kernel',
      kernel: 'k',
      initrd: 'i',
    });
  });

  it('has a seed with defaults if one is given, empty or not', () => {
    const { seed } = parseSpec({ image: 'debian:13', seed: {} });
    expect(seed).toBeDefined();
    expect(refusal({ image: 'debian:13', seed: { colour: 'red' } }).message).toContain('unknown option');
    for (const wrong of [null, 'user'])
      expect(refusal({ image: 'debian:13', seed: wrong }).field).toBe('seed');
  });

  it.each([{}, { image: 'micro' }, { kernel: 'k' }, { image: './a.raw' }])(
    'rejects --disk-size for %j',
    (options) => {
      expect(refusal({ ...options, diskSize: '20G' }).message).toMatch(
        /^diskSize: applies only to the disk of an image/,
      );
    },
  );

  it('accepts an empty list of ports without a network', () => {
    expect(parseSpec({ net: 'none' })).toMatchObject({ net: 'none', ports: [] });
  });

  it.each([
    [{ kernel: 'k', image: 'debian:13' }, 'leave out --kernel or the image'],
    [{ image: 'host', kernel: 'k', initrd: 'i' }, 'leave out --initrd or the image'],
    [{ initrd: 'i' }, 'add --kernel (in a program, the option kernel)'],
    [{ modules: 'm' }, '--kernel FILE'],
    [{ kernel: 'k', initrd: 'i', modules: 'm' }, 'leave out --modules or --initrd'],
    [{ until: 'running', mounts: ['src=/a,dst=/b'] }, "leave out mounts, or leave out until: 'running'"],
    [{ until: 'running', ports: ['/run/web.sock:80'] }, 'leave out the sockets'],
    [{ net: 'none', ports: ['80'] }, 'leave out --net none, or leave out the ports'],
    [{ kernel: 'k', seed: {} }, 'use an image with a disk, such as debian:13'],
    [{ diskSize: '20G' }, 'boot an image with a disk'],
    [{ image: './a.raw', diskSize: '20G' }, 'qemu-img resize'],
  ])('gives a hint for %j', (options, hint) => {
    expect(refusal(options).hint).toContain(hint);
  });

  it.each([
    [{ image: '' }, 'image'],
    [{ kernel: '' }, 'kernel'],
    [{ kernel: 'k', initrd: '' }, 'initrd'],
    [{ cpus: 256 }, 'cpus'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: 2 ** 31 }, 'timeoutMs'],
    [{ faults: 'yes' }, 'faults'],
    [{ append: 5 }, 'append'],
    [{ memory: {} }, 'memory'],
    [{ diskSize: [] }, 'diskSize'],
    [{ disks: [5] }, 'disks[0]'],
    [{ disks: 'a.raw' }, 'disks'],
    [{ ports: [80] }, 'ports[0]'],
    [{ networks: {} }, 'networks'],
    [{ limits: 5 }, 'limits'],
    [{ image: 'debian:13', diskSize: '1.5X' }, 'diskSize'],
  ])('rejects %j', (options, field) => {
    expect(refusal(options).field).toBe(field);
  });

  it.each([
    [{ memory: {} }, 'expected a number of bytes, or a size such as 512M'],
    [{ disks: [5] }, 'expected a size, a path or an object'],
    [{ ports: [80] }, 'expected a port such as 80 or 8080:80'],
  ])('states what is expected in place of %j', (options, expected) => {
    expect(refusal(options).message).toContain(expected);
  });
});
