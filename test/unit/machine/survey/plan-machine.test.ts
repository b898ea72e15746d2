import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import { machineDirectory } from '../../../../src/machine/paths/directory.ts';
import type { Plan } from '../../../../src/machine/plan/plan.ts';
import { rootPorts } from '../../../../src/machine/qemu/root-port.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import type { BootSource, FoundLayer } from '../../../../src/machine/survey/found-spec.ts';
import {
  PORTS_FOR_FORKS,
  type PlanInputs,
  planMachine,
} from '../../../../src/machine/survey/plan-machine.ts';
import type { BoundNetworkPlan } from '../../../../src/network/plan/network.ts';
import { everything } from '../plan/every-layer.ts';
import { plainPlan } from '../plan/plain-plan.ts';

const GiB = 1024 ** 3;
const host = {
  qemu: { path: '/usr/bin/qemu', sandbox: true, objects: ['monitor-qmp'] },
  confinement: everything,
} as unknown as Host;

const spec = {
  ...parseSpec({ name: 'web', image: 'debian:13' }),
  disks: [],
  shares: [],
  volumes: [],
  copies: [],
};
const base = { path: '/images/base.qcow2', format: 'qcow2' } as const;
const layer: FoundLayer = { path: '/images/d.qcow2', format: 'qcow2', backing: base, virtualBytes: 3 * GiB };
const diskSource = {
  kind: 'disk',
  layer,
  image: { name: 'debian:13', virtualBytes: 3 * GiB },
} as unknown as BootSource;
const kernelSource: BootSource = {
  kind: 'kernel',
  kernelPath: '/vmlinuz',
  initrdPath: '/initrd',
  needsAgent: false,
  append: [],
};
const slirp = { backend: 'slirp' } as BoundNetworkPlan;

function plan(changes: Partial<PlanInputs> = {}): Plan {
  return planMachine({
    spec,
    host,
    accelerator: { kind: 'kvm', cpu: 'Haswell-v4' },
    cgroup: undefined,
    source: diskSource,
    firmware: undefined,
    hasSeed: false,
    network: undefined,
    directory: machineDirectory('/run/m', '/disks/m'),
    wiring: plainPlan.wiring,
    startPaused: false,
    ...changes,
  });
}

describe('the hardware', () => {
  it('comes from the spec and the host', () => {
    expect(plan()).toMatchObject({
      name: 'web',
      qemu: '/usr/bin/qemu',
      sandbox: true,
      monitorObjects: true,
      cpus: 1,
      memoryBytes: 2 * GiB,
      memory: { kind: 'private' },
      // It ends with its launcher: for it, a reset is also the end.
      onReset: 'end',
      incoming: false,
      startPaused: false,
      hasGenerationId: false,
    });
    const older = { ...host, qemu: { ...host.qemu, sandbox: false, objects: [] } } as Host;
    expect(plan({ host: older })).toMatchObject({ sandbox: false, monitorObjects: false });
  });

  it('has the proved processor, or all that TCG emulates', () => {
    expect(plan().cpu).toBe('Haswell-v4');
    expect(plan({ accelerator: { kind: 'tcg', reason: 'asked for' } }).cpu).toBe('max');
  });

  it('has a full board for systems, and a reduced one for micro', () => {
    expect(Object.keys(plan().board.options)).not.toContain('sata');
    expect(plan({ source: kernelSource }).board.options).toMatchObject({ sata: 'off', i8042: 'off' });
    for (const source of [diskSource, kernelSource]) {
      expect(plan({ source }).board).toMatchObject({
        type: 'q35',
        options: { hpet: 'off', vmport: 'off', usb: 'off' },
      });
    }
  });

  it('has a port for each directory whose owner the guest is asked for', () => {
    const able = {
      ...host,
      qemu: { ...host.qemu, devices: ['vhost-user-fs-pci'], objects: ['memory-backend-memfd'] },
      virtiofsd: { path: '/virtiofsd', translatesIds: true },
    } as unknown as Host;
    const found = { runsAs: { uid: 7, gid: 7 }, changesUser: false };
    const volumes = ['/a:/a:uid=web', '/b:/b:uid=5', '/c:/c:gid=staff'];
    const shares = parseSpec({ volumes }).shares.map((share) => ({ ...share, ...found }));
    const planned = plan({ host: able, spec: { ...spec, shares } });
    expect(planned.shares[1]?.socketPath).toBe('/run/m/share1.sock');
    const [first, second] = rootPorts(2);
    expect(planned.shares.map(({ port }) => port)).toEqual([first, undefined, second]);
    expect(planned.rootPorts).toEqual([first, second]);
    expect(planned.memory).toEqual({ kind: 'shared' });
    expect(plan({ host: able, spec: { ...spec, shares: shares.slice(1, 2) } }).rootPorts).toEqual([]);
  });

  it('shares its memory only with passt, and keeps a template’s in a file', () => {
    const vhost = { backend: 'passt-vhost-user' } as BoundNetworkPlan;
    expect(plan({ network: vhost }).memory).toEqual({ kind: 'shared' });
    expect(plan({ network: slirp }).memory).toEqual({ kind: 'private' });
    const template = plan({ memoryFile: '/t/memory' });
    expect(template.memory).toEqual({ kind: 'file', path: '/t/memory' });
    expect(template.hasGenerationId).toBe(true);
    expect(template.rootPorts).toEqual(rootPorts(PORTS_FOR_FORKS));
  });

  it('has a card for each private network', () => {
    expect(plan().cards).toEqual([]);
    expect(plan({ cards: ['52:54:00:00:00:01'] }).cards).toEqual([{ mac: '52:54:00:00:00:01' }]);
  });

  it('connects to nothing, also with cards in private networks', () => {
    expect(plan({ cards: ['52:54:00:00:00:01'] }).layers.seccomp).toContain('connect');
  });
});

describe('the confinement', () => {
  it('allows QEMU to connect only where its network needs it, and limits files to the largest disk', () => {
    expect(plan().layers.namespaces).toContain('net');
    expect(plan({ network: slirp }).layers.namespaces).not.toContain('net');
    const { longestFile = 0 } = plan().layers;
    expect(longestFile).toBeGreaterThan(3 * GiB);
    expect(longestFile).toBeLessThan(4 * GiB);
    expect(plan({ spec: { ...spec, memoryBytes: 8 * GiB } }).layers.longestFile).toBeGreaterThan(8 * GiB);
  });

  it('allows reading boot files, backing files and firmware', () => {
    expect(plan().readOnlyFiles).toEqual(['/images/d.qcow2', '/images/base.qcow2']);
    expect(plan({ source: kernelSource }).readOnlyFiles).toEqual(['/vmlinuz', '/initrd']);
    expect(plan({ source: { ...kernelSource, initrdPath: undefined } }).readOnlyFiles).toEqual(['/vmlinuz']);
    const firmware = { code: { path: '/CODE.fd' } } as unknown as PlanInputs['firmware'];
    expect(plan({ firmware }).readOnlyFiles[0]).toBe('/CODE.fd');
    const disks = [{ path: '/ro.raw', format: 'raw', readOnly: true, virtualBytes: 512 } as const];
    expect(plan({ spec: { ...spec, disks } }).readOnlyFiles).toContain('/ro.raw');
  });
});

describe('the disks', () => {
  it('are overlays that copy nothing from their base', () => {
    expect(plan().disks).toEqual([
      {
        nodeName: 'disk0',
        path: '/disks/m/disk0.qcow2',
        format: 'qcow2',
        readOnly: false,
        backing: { path: '/images/d.qcow2', format: 'qcow2', backing: base },
        createBytes: 3 * GiB,
        cache: 'writeback',
        discard: true,
        serial: 'disk0',
        bus: undefined,
        bootIndex: undefined,
      },
    ]);
    expect(plan({ source: kernelSource }).disks).toEqual([]);
  });

  it('are in order: the image’s, a new one, the user’s, a read-only one', () => {
    const disks = [
      { sizeBytes: 2 * GiB },
      { path: '/u.raw', format: 'raw', readOnly: false, virtualBytes: GiB },
      { path: '/ro.qcow2', format: 'qcow2', readOnly: true, virtualBytes: 512, backing: base },
    ] as const;
    const [image, fresh, own, read] = plan({ spec: { ...spec, disks, diskBytes: 5 * GiB } }).disks;
    expect(image).toMatchObject({ nodeName: 'disk0', createBytes: 5 * GiB });
    expect(fresh).toMatchObject({
      nodeName: 'disk1',
      path: '/disks/m/disk1.qcow2',
      createBytes: 2 * GiB,
      backing: undefined,
    });
    // A size for the image’s disk applies to that disk only.
    expect(own).toMatchObject({
      nodeName: 'disk2',
      path: '/disks/m/disk2.qcow2',
      format: 'qcow2',
      createBytes: GiB,
      backing: { path: '/u.raw', format: 'raw' },
    });
    expect(read).toMatchObject({
      nodeName: 'disk3',
      path: '/ro.qcow2',
      readOnly: true,
      backing: base,
      createBytes: undefined,
    });
  });

  it('of an image are at least as large as it', () => {
    const smaller = { ...spec, diskBytes: 2 * GiB };
    expect(() => plan({ spec: smaller })).toThrow(
      /diskSize: 2 GiB is smaller than the image debian:13 \(3 GiB\)/,
    );
    expect(plan({ spec: { ...spec, diskBytes: 3 * GiB } }).disks[0]?.createBytes).toBe(3 * GiB);
    // A user’s file is unknown, and a kernel has no seed.
    const file = { ...diskSource, image: undefined } as BootSource;
    expect(plan({ spec: smaller, source: file }).disks[0]?.createBytes).toBe(3 * GiB);
    const disks = [{ path: '/u.raw', format: 'raw', readOnly: false, virtualBytes: GiB } as const];
    const withKernel = { ...smaller, disks };
    expect(plan({ spec: withKernel, source: kernelSource }).disks[0]?.createBytes).toBe(GiB);
  });

  it('end with a seed if the guest reads one', () => {
    expect(plan().seed).toBeUndefined();
    expect(plan({ hasSeed: true }).seed).toEqual({ path: '/disks/m/seed.img', bus: undefined });
    // A fork unplugs it, and plugs it in again after its own disks.
    const template = plan({ hasSeed: true, memoryFile: '/t/memory' });
    expect(template.seed?.bus).toBe('seed-port');
    expect(template.rootPorts.at(-1)).toBe('seed-port');
  });

  it('have a firmware’s variables of their own', () => {
    expect(plan().firmware).toBeUndefined();
    const firmware = { code: { path: '/CODE.fd' }, secureBoot: true } as unknown as PlanInputs['firmware'];
    expect(plan({ firmware }).firmware).toMatchObject({
      secureBoot: true,
      variablesPath: '/disks/m/nvram.qcow2',
    });
  });
});

describe('the boot', () => {
  it('is left to the firmware for a disk', () => {
    expect(plan().boot).toEqual({ kind: 'disk' });
  });

  it('that finds nothing may wait for a user, unless vmlet waits for the guest', () => {
    expect(plan({ spec: { ...spec, until: 'running' } }).boot).toEqual({ kind: 'disk', waitsForUser: true });
  });

  it('uses a kernel with vmlet’s, the image’s and the user’s parameters, in this order', () => {
    const source = { ...kernelSource, append: ['quiet', 'a=b'] };
    expect(plan({ source, spec: { ...spec, append: 'debug' } }).boot).toEqual({
      kind: 'kernel',
      kernelPath: '/vmlinuz',
      initrdPath: '/initrd',
      initrdBase: undefined,
      commandLine: 'console=ttyS0 panic=-1 no_timer_check quiet a=b debug',
    });
    expect(plan({ source: kernelSource }).boot).toMatchObject({
      commandLine: 'console=ttyS0 panic=-1 no_timer_check',
    });
    expect(plan({ source: kernelSource, spec: { ...spec, append: ' ' } }).boot).toMatchObject({
      commandLine: 'console=ttyS0 panic=-1 no_timer_check',
    });
  });

  it('uses an initramfs with the agent added if it has none', () => {
    expect(plan({ source: { ...kernelSource, needsAgent: true } }).boot).toMatchObject({
      initrdPath: '/disks/m/initrd',
      initrdBase: '/initrd',
      commandLine: 'console=ttyS0 panic=-1 no_timer_check rdinit=/.vmlet-agent',
    });
  });

  it('adds given modules to the initramfs', () => {
    expect(plan({ source: { ...kernelSource, modules: '/tree' } }).boot).toEqual({
      kind: 'kernel',
      kernelPath: '/vmlinuz',
      initrdPath: '/disks/m/initrd',
      initrdBase: '/initrd',
      modules: '/tree',
      commandLine: 'console=ttyS0 panic=-1 no_timer_check',
    });
  });

  it('accepts a command line up to Linux’s limit in bytes, vmlet’s part included', () => {
    const room = 2047 - 'console=ttyS0 panic=-1 no_timer_check '.length;
    const append = `${room % 2 === 1 ? 'x' : ''}${'ä'.repeat(Math.floor(room / 2))}`;
    expect(plan({ source: kernelSource, spec: { ...spec, append } }).boot.kind).toBe('kernel');
    const refused = (): Plan => plan({ source: kernelSource, spec: { ...spec, append: `${append}x` } });
    expect(refused).toThrow(InvalidInputError);
    expect(refused).toThrow('append: the kernel command line is too long: 2048 bytes (limit: 2047)');
    expect(refused).toThrow(
      expect.objectContaining({
        hint: expect.stringMatching(/to pass long values to a program in the guest/) as string,
      }),
    );
  });
});

describe('the agent’s configuration', () => {
  it('contains only the name for a full system', () => {
    expect(plan({ network: slirp }).guest).toEqual({
      hostname: 'web',
      modules: [],
      optionalModules: [],
      setsUpNetwork: false,
    });
  });

  const volumes = parseSpec({ volumes: ['cache:/c'] }).volumes.map((it) => ({ ...it, path: '/cache' }));

  it.each<[Partial<PlanInputs>, string[]]>([
    [{}, []],
    [{ network: slirp }, ['virtio_net']],
    [{ cards: ['52:54:00:00:00:01'] }, ['virtio_net']],
    [{ spec: { ...spec, disks: [{ sizeBytes: GiB }] } }, ['virtio_blk']],
    [{ spec: { ...spec, volumes } }, ['virtio_blk']],
    [{ network: slirp, spec: { ...spec, disks: [{ sizeBytes: GiB }] } }, ['virtio_net', 'virtio_blk']],
  ])('contains the modules for the devices of %j: %j', (changes, modules) => {
    expect(plan({ source: kernelSource, ...changes }).guest).toEqual({
      hostname: 'web',
      modules,
      optionalModules: ['pvpanic-mmio'],
      setsUpNetwork: true,
    });
  });
});
