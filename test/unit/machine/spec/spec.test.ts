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
      net: 'auto',
      networks: [],
      faults: false,
      accel: 'auto',
      cpu: 'auto',
      until: 'guest',
      timeoutMs: 120_000,
    });
  });

  it('gives a system on a disk more memory and more time than a kernel of ours', () => {
    const more = { memoryBytes: 2048 * MiB, timeoutMs: 600_000 };
    expect(parseSpec({ image: 'debian:13' })).toMatchObject(more);
    expect(parseSpec({ image: './disk.qcow2' })).toMatchObject(more);
    expect(parseSpec({ kernel: 'vmlinuz' }).memoryBytes).toBe(256 * MiB);
    expect(parseSpec({ image: 'debian:13', memory: '1G' }).memoryBytes).toBe(1024 * MiB);
  });

  it.each(['seed', 'firmware'] as const)('refuses %s where a kernel is booted directly', (field) => {
    const options = { seed: { seed: {} }, firmware: { firmware: 'uefi' } } as const;
    expect(() => parseSpec(options[field])).toThrow(`${field}: is for a disk`);
    expect(() => parseSpec({ kernel: 'vmlinuz', ...options[field] })).toThrow(`${field}: is for a disk`);
  });

  it.each([
    ['512M', 512 * MiB],
    ['2G', 2048 * MiB],
    [100 * MiB + 1, 101 * MiB],
  ])('takes %s as memory', (memory, bytes) => {
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
    [{ net: 'none', ports: ['80'] }, 'ports', /network/],
    [{ net: 'bridge' }, 'net', /bridge/],
    [{ ports: ['99999:80'] }, 'ports[0].hostPort', /99999/],
    [{ disks: ['./thing'] }, 'disks[0]', /format/],
    [{ disks: [''] }, 'disks[0]', /size/],
    [{ disks: [{ path: 'x' }] }, 'disks[0]', /not a disk/],
    [{ append: 'a\nb' }, 'append', /line break/],
    [{ append: 'x'.repeat(2048) }, 'append', /2048 bytes/],
    [{ image: './2G' }, 'image', /format/],
    [{ color: 'red' }, 'color', /not an option/],
    [{ timeoutMs: -1 }, 'timeoutMs', /-1/],
  ])('refuses %j and names the field', (options, field, message) => {
    const error = refusal(options);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
  });
});
