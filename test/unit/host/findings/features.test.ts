import { expect, it } from 'vitest';
import { type FeatureTable, featuresOf, missingFeatures } from '../../../../src/host/findings/features.ts';
import type { Survey } from '../../../../src/host/survey/host.ts';
import { SURVEY_VERSION } from '../../../../src/host/survey/survey-version.ts';
import { everyLayer } from '../../process/confine/abilities.ts';

const helpers = { swtpm: '/usr/bin/swtpm', virtiofsd: '/usr/libexec/virtiofsd', mke2fs: '/sbin/mke2fs' };
const newest: Survey = {
  version: SURVEY_VERSION,
  qemu: {
    path: '/usr/bin/qemu-system-x86_64',
    version: '11.1.3',
    machines: ['q35'],
    devices: [
      ...['isa-serial', 'pvpanic', 'virtio-blk-pci', 'virtio-net-pci', 'virtio-rng-pci'],
      ...['virtio-serial-pci', 'virtserialport', 'vmgenid'],
    ],
    netdevs: ['user', 'stream'],
    objects: ['memory-backend-memfd', 'monitor-qmp'],
    accelerators: ['tcg', 'kvm'],
    runWith: ['exit-with-parent'],
    hasReconnectMs: true,
    hasStreamReconnect: true,
    opensStateFiles: true,
    staysOnRestoreFailure: true,
    sandbox: true,
    dataDirectories: [],
  },
  qemuImg: { path: '/usr/bin/qemu-img', version: '11.1.3' },
  passt: {
    ...{ path: '/usr/bin/passt', hasFd: true, hasVhostUser: true, completesHandshakes: true },
    pesto: '/usr/bin/pesto',
  },
  virtiofsd: {
    path: '/usr/libexec/virtiofsd',
    translatesIds: true,
    usesFileHandles: true,
    survivesMissingFiles: true,
    announcesMounts: true,
    migrates: true,
  },
  confinement: everyLayer,
  accelerator: { kvm: { usable: true, cpu: 'host', level: 'x86-64-v3' } },
};
const names = (table: FeatureTable): string[] =>
  missingFeatures(table).map(({ program, feature }) => `${program} ${feature}`);

it('lists every feature of a complete host', () => {
  const table = featuresOf(newest, { helpers });
  expect(table.version).toBe(1);
  expect(table.features.filter(({ present }) => !present)).toEqual([]);
  const keys = table.features.map(({ program, feature }) => `${program} ${feature}`);
  expect(new Set(keys).size).toBe(keys.length);
});

it('lists the replacements that Debian 12 uses', () => {
  const old: Survey = {
    ...newest,
    qemu: {
      ...newest.qemu!,
      objects: ['memory-backend-memfd'],
      runWith: [],
      hasReconnectMs: false,
      hasStreamReconnect: false,
      opensStateFiles: false,
      staysOnRestoreFailure: false,
    },
    passt: { path: '/usr/bin/passt', hasFd: true, hasVhostUser: false, completesHandshakes: true },
  };
  expect(names(featuresOf(old, { helpers }))).toEqual([
    'qemu -netdev stream,reconnect-ms',
    'qemu -object monitor-qmp',
    'qemu migrate channels',
    'passt --vhost-user',
    'passt --conf-path',
  ]);
});

it('omits what the findings report', () => {
  const { qemu: _qemu, qemuImg: _qemuImg, passt: _passt, virtiofsd: _virtiofsd, ...bare } = newest;
  const table = featuresOf(
    { ...bare, accelerator: { kvm: { usable: false, reason: 'no QEMU' } } },
    { helpers: { swtpm: undefined, virtiofsd: undefined, mke2fs: undefined } },
  );
  expect(table.features.filter(({ program, present }) => program !== 'kernel' && present)).toEqual([]);
  expect(names(table)).toEqual(['swtpm swtpm']);
});

it('leaves what every guest needs to the finding about QEMU', () => {
  const qemu = { ...newest.qemu!, machines: ['pc'], devices: ['vmgenid'] };
  const { features } = featuresOf({ ...newest, qemu }, { helpers });
  const missing = features.filter(({ present }) => !present);
  expect(missing.map(({ finding }) => finding)).toEqual(['qemu', 'qemu']);
});

it('lists the limits of Landlock’s versions', () => {
  const landlock = { usable: true, abi: 3 } as const;
  expect(names(featuresOf({ ...newest, confinement: { ...everyLayer, landlock } }, { helpers }))).toEqual([
    'kernel Landlock ABI 4',
    'kernel Landlock ABI 6',
  ]);
});
