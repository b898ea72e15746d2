import { describe, expect, it } from 'vitest';
import type { LaunchOptions } from '../../../../src/machine/spec/launch-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import type { Findings } from '../../../../src/machine/survey/survey.ts';
import { keptKey } from '../../../../src/template/kept/kept-key.ts';

const release = { version: '1.0.0', agent: 'agent' };
const kernel = {
  kind: 'kernel',
  kernelPath: '/images/a/vmlinux',
  initrdPath: '/images/a/initrd',
  needsAgent: false,
  append: [],
} as const;
const host = { qemu: { path: '/usr/bin/qemu', version: '10.0.1' } };

/** Findings of a survey, without any files. */
function findings(options: LaunchOptions = {}, changes: object = {}): Findings {
  const found = {
    spec: parseSpec({ image: 'debian:13', ...options }),
    source: kernel,
    accelerator: { kind: 'tcg', reason: 'no /dev/kvm' },
    network: { backend: 'passt-stream' },
    firmware: undefined,
    hasSeed: false,
    host,
  };
  return { ...found, ...changes } as unknown as Findings;
}

const key = (...of: Parameters<typeof findings>): string => keptKey(findings(...of), release);

it('of a kept guest is a name that a directory can have', () => {
  expect(key()).toMatch(/^[0-9a-f]{32}$/);
});

describe('another guest is kept', () => {
  it.each<LaunchOptions>([
    { memory: '1G' },
    { cpus: 2 },
    { append: 'quiet' },
    { seed: { user: 'me' } },
    { cpu: 'Nehalem' },
    { diskSize: '20G' },
  ])('for the options %j', (options) => {
    expect(key(options)).not.toBe(key());
  });

  it.each([
    { source: { ...kernel, kernelPath: '/images/b/vmlinux' } },
    { source: { ...kernel, initrdPath: '/images/b/initrd' } },
    { source: { ...kernel, append: ['quiet'] } },
    { accelerator: { kind: 'kvm', cpu: 'host' } },
    { network: undefined },
    { network: { backend: 'slirp' } },
    { firmware: { kind: 'uefi' } },
    { hasSeed: true },
    { host: { qemu: { ...host.qemu, path: '/opt/qemu' } } },
    { host: { qemu: { ...host.qemu, version: '10.0.2' } } },
  ])('for the findings %j', (changes) => {
    expect(key({}, changes)).not.toBe(key());
  });

  it.each([{ version: '1.0.1' }, { agent: 'another' }])('by the release %j', (changes) => {
    expect(keptKey(findings(), { ...release, ...changes })).not.toBe(key());
  });

  it('for a number of spare cards', () => {
    expect(keptKey(findings(), release, 1)).not.toBe(key());
  });
});

describe('the same guest is kept', () => {
  it.each<LaunchOptions>([
    { name: 'web' },
    { ports: ['80', '/tmp/s:22'] },
    { mac: '52:54:00:00:00:01' },
    { disks: ['1G'] },
    { volumes: ['/tmp:/src', 'cache:/cache', '/tmp:/copy:copy'] },
    { mounts: ['type=tmpfs,dst=/scratch'] },
    { limits: { cpus: 1 } },
    { timeoutMs: 1000 },
    { pull: 'newer' },
    // The accelerator and the network count as they were chosen.
    { accel: 'tcg' },
    { net: 'passt' },
  ])('for the options %j', (options) => {
    expect(key(options)).toBe(key());
  });

  it.each([
    { accelerator: { kind: 'tcg', reason: 'requested' } },
    { network: { backend: 'passt-vhost-user' } },
    { source: { ...kernel } },
  ])('for the findings %j', (changes) => {
    expect(key({}, changes)).toBe(key());
  });
});

describe("the host's system", () => {
  const withWord = { source: { ...kernel, append: ['vmlet.host'] } };

  it('is not in the kept guest, which is one of micro', () => {
    expect(key({ image: 'host' }, withWord)).toBe(key({ image: 'micro', memory: '1G' }));
  });

  it('has another working directory in each run', () => {
    const { spec } = findings({ image: 'host' });
    const inProject = { ...withWord, spec: { ...spec, directory: '/project' } };
    expect(key({}, inProject)).toBe(key({ image: 'host' }, withWord));
  });
});
