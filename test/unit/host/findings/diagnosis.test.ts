import { describe, expect, it } from 'vitest';
import { canRunGuests, diagnose } from '../../../../src/host/findings/diagnosis.ts';
import { NEEDED_DEVICES } from '../../../../src/host/findings/features.ts';
import type { Finding, FindingItem } from '../../../../src/host/findings/finding.ts';
import type { Survey } from '../../../../src/host/survey/host.ts';
import { SURVEY_VERSION } from '../../../../src/host/survey/survey-version.ts';
import type { Surroundings } from '../../../../src/host/findings/surroundings.ts';
import { everyLayer, noNamespaces, unable } from '../../process/confine/abilities.ts';

const complete: Survey = {
  version: SURVEY_VERSION,
  qemu: {
    path: '/usr/bin/qemu-system-x86_64',
    version: '10.0.3',
    machines: ['q35'],
    devices: [...NEEDED_DEVICES, 'vmgenid', 'vhost-user-fs-pci'],
    netdevs: ['user', 'stream'],
    objects: ['memory-backend-memfd'],
    accelerators: ['tcg', 'kvm'],
    runWith: [],
    hasReconnectMs: true,
    hasStreamReconnect: true,
    opensStateFiles: true,
    staysOnRestoreFailure: true,
    sandbox: true,
    dataDirectories: [],
  },
  qemuImg: { path: '/usr/bin/qemu-img', version: '10.0.3' },
  passt: { path: '/usr/bin/passt', hasFd: true, hasVhostUser: true, completesHandshakes: true },
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
const surroundings: Surroundings = {
  packageManager: 'apt',
  canDownloadPackages: true,
  runtimeDirectory: { path: '/run/user/1000/vmlet', fromEnvironment: true },
  dataDirectory: { path: '/home/u/.local/share/vmlet', freeBytes: 100 * 1024 ** 3 },
  cacheDirectory: { path: '/home/u/.cache/vmlet', freeBytes: 100 * 1024 ** 3, isOnNetwork: false },
  keptGuests: { bytes: 20 * 1024 ** 3, bytesFrom: undefined, days: 7, daysFrom: undefined },
  uefi: { path: '/usr/share/OVMF/OVMF_CODE_4M.fd' },
  namespaceSettings: { most: 10_000, unprivileged: 1, apparmorRestricts: undefined },
  helpers: { swtpm: '/usr/bin/swtpm', virtiofsd: '/usr/libexec/virtiofsd', mke2fs: '/sbin/mke2fs' },
  processLimits: {
    openFiles: 1_048_576,
    processes: Infinity,
    longestFile: Infinity,
    longestCore: Infinity,
    mayRaise: false,
    handsDumpsOn: true,
  },
  limits: {
    usable: true,
    systemdRun: '/usr/bin/systemd-run',
    manager: { kind: 'system' },
    controllers: ['cpu', 'memory'],
  },
};

function find(item: FindingItem, survey: Partial<Survey>, around: Partial<Surroundings> = {}): Finding {
  const findings = diagnose({ ...complete, ...survey }, { ...surroundings, ...around });
  return findings.find((finding) => finding.item === item)!;
}

it('finds nothing wrong with a complete host', () => {
  const findings = diagnose(complete, surroundings);
  expect(findings.every(({ state }) => state === 'works')).toBe(true);
  expect(canRunGuests(findings)).toBe(true);
  expect(new Set(findings.map(({ item }) => item)).size).toBe(findings.length);
});

describe('a host without QEMU and helpers', () => {
  const bare: Survey = {
    version: SURVEY_VERSION,
    confinement: everyLayer,
    accelerator: { kvm: { usable: false, reason: 'there is no QEMU to try it with' } },
  };

  it('cannot run guests, and the finding names the packages of its distribution', () => {
    expect(canRunGuests(diagnose(bare, surroundings))).toBe(false);
    const remedies = (packageManager: Surroundings['packageManager']): string =>
      diagnose(bare, { ...surroundings, packageManager })
        .map(({ remedy }) => remedy)
        .join('\n');
    expect(remedies('apt')).toContain('sudo apt-get install qemu-system-x86\n');
    expect(remedies('dnf')).toContain('sudo dnf install qemu-system-x86-core\n');
    expect(remedies(undefined)).toContain(
      'Debian calls the package qemu-system-x86, Fedora qemu-system-x86-core',
    );
  });
});

it('explains why KVM is not usable, with a hint', () => {
  const kvm = { usable: false, reason: 'u may not open /dev/kvm', hint: 'sudo usermod -aG kvm u' } as const;
  expect(find('accelerator', { accelerator: { kvm } })).toEqual({
    item: 'accelerator',
    state: 'degraded',
    summary:
      'KVM is not usable (u may not open /dev/kvm); guests are emulated (TCG), which is several times slower',
    remedy: 'sudo usermod -aG kvm u',
  });
  const withoutTcg = { ...complete.qemu!, accelerators: ['kvm'] };
  expect(find('accelerator', { accelerator: { kvm }, qemu: withoutTcg }).state).toBe('broken');
});

it('names a missing layer, the reason, and what remains open', () => {
  const landlock = { usable: false, reason: 'too old' } as const;
  expect(find('landlock', { confinement: { ...everyLayer, landlock } })).toMatchObject({
    state: 'degraded',
    summary: 'Landlock is not available (too old): only namespaces restrict QEMU to its own files',
  });
  const confinement = { ...everyLayer, namespaces: noNamespaces };
  expect(find('landlock', { confinement: { ...confinement, landlock } })).toMatchObject({
    summary: 'Landlock is not available (too old): QEMU can open every file that you can open',
  });
  expect(find('namespaces', { confinement })).toMatchObject({
    state: 'degraded',
    summary:
      'QEMU runs without these namespaces: mount, net, ipc, uts (not here); in a named machine with passt, QEMU can connect to every unix socket that you can connect to; with slirp, QEMU uses the host’s network',
  });
});

it('reports what guests can do in shared directories without seccomp', () => {
  const confinement = { ...everyLayer, seccomp: unable };
  const unfiltered = 'system calls of QEMU are not filtered (not here)';
  expect(find('seccomp', { confinement }).summary).toBe(
    `${unfiltered}; a guest can create setuid files in a shared directory of an ordinary user`,
  );
  expect(find('seccomp', { confinement, virtiofsd: undefined }).summary).toBe(unfiltered);
});

describe('if QEMU uses the host’s network', () => {
  const withoutSlirp = { ...complete.qemu!, netdevs: ['stream'] };
  const problem = "Couldn't create user namespace: Operation not permitted";
  it.each<[string, Partial<Survey>, RegExp]>([
    ['passt and slirp', {}, /and can use the host’s network only with --net slirp$/],
    ['only passt', { qemu: withoutSlirp }, /and cannot use the host’s network$/],
    ['only slirp', { passt: undefined }, /but uses the host’s network, because slirp runs inside QEMU$/],
    ['a passt that does not run', { passt: { ...complete.passt!, problem } }, /but uses the host’s network/],
    ['neither', { passt: undefined, qemu: withoutSlirp }, /and cannot use the host’s network$/],
  ])('with %s', (_what, survey, words) => {
    expect(find('namespaces', survey).summary).toMatch(words);
  });

  it('the network finding reports it', () => {
    expect(find('network', { passt: undefined })).toEqual({
      item: 'network',
      state: 'degraded',
      summary: 'passt is not installed; guests use slirp, which runs inside QEMU and uses the host’s network',
      remedy: 'sudo apt-get install passt',
    });
  });
});

it.each<[string, Partial<Surroundings['namespaceSettings']>, RegExp]>([
  ['External interface not usable', {}, /^to see why, run: passt --foreground/],
  ["passt: unrecognized option '--mac-addr'", {}, /^upgrade passt .*: sudo apt-get install passt$/],
  [
    "Couldn't create user namespace: No space left",
    { most: 0 },
    /: sudo sysctl user.max_user_namespaces=\d+$/,
  ],
  ["Couldn't create user namespace: Operation not permitted", { unprivileged: 0 }, /userns_clone=1$/],
  ["Couldn't create user namespace: Permission denied", { apparmorRestricts: 1 }, /userns=0$/],
  ["Couldn't create user namespace: Operation not permitted", {}, /^in a container, allow namespaces/],
  ['Failed to pivot_root() into /tmp: Operation not permitted', {}, /--security-opt unmask=ALL/],
])('a passt that reports %j %j: by the reason', (problem, settings, remedy) => {
  const namespaceSettings = { ...surroundings.namespaceSettings, ...settings };
  const finding = find('network', { passt: { ...complete.passt!, problem } }, { namespaceSettings });
  expect(finding.summary).toContain(problem);
  expect(finding.remedy).toMatch(remedy);
});

it('distinguishes a QEMU that does not start from a missing one', () => {
  expect(find('qemu', { qemu: undefined, qemuProblem: 'libx.so: cannot open' })).toMatchObject({
    state: 'broken',
    summary: 'QEMU does not work: libx.so: cannot open',
    remedy: 'reinstall QEMU: sudo apt-get install --reinstall qemu-system-x86',
  });
});

it.each<[FindingItem, Partial<Survey>, Partial<Surroundings>, Finding['state'], RegExp]>([
  ['qemu', { qemu: { ...complete.qemu!, machines: ['pc'] } }, {}, 'broken', /does not support -machine q35$/],
  [
    'qemu',
    { qemu: { ...complete.qemu!, devices: NEEDED_DEVICES.slice(2) } },
    {},
    'broken',
    /does not support -device isa-serial, -device pvpanic$/,
  ],
  ['qemu-img', { qemuImg: undefined }, {}, 'degraded', /vmlet cannot create disks/],
  [
    'qemu-img',
    { qemuImg: { ...complete.qemuImg!, problem: 'libx.so: cannot open' } },
    {},
    'degraded',
    /does not work: libx.so: cannot open; vmlet cannot create disks/,
  ],
  ['network', { passt: undefined }, {}, 'degraded', /slirp/],
  [
    'network',
    { passt: undefined, qemu: { ...complete.qemu!, netdevs: [] } },
    {},
    'degraded',
    /guests have no network/,
  ],
  ['seccomp', { confinement: { ...everyLayer, seccomp: unable } }, {}, 'degraded', /not here/],
  ['seccomp', { qemu: { ...complete.qemu!, sandbox: false } }, {}, 'degraded', /-sandbox/],
  [
    'runtime-directory',
    {},
    { runtimeDirectory: { path: `/${'r'.repeat(80)}`, fromEnvironment: true } },
    'broken',
    /too long/,
  ],
  [
    'runtime-directory',
    {},
    { runtimeDirectory: { path: '/tmp/vmlet-0', fromEnvironment: false } },
    'works',
    /XDG_RUNTIME_DIR is not set$/,
  ],
  [
    'runtime-directory',
    {},
    { runtimeDirectory: { path: '/tmp/vmlet-0-a', fromEnvironment: false, taken: '/tmp/vmlet-0' } },
    'works',
    /creates its sockets in \/tmp\/vmlet-0-a, .* and \/tmp\/vmlet-0 belongs to another user$/,
  ],
  [
    'runtime-directory',
    {},
    { runtimeDirectory: { path: '/tmp/vmlet-0', fromEnvironment: false, taken: '/tmp/vmlet-0' } },
    'broken',
    /belongs to another user/,
  ],
  [
    'process-limits',
    {},
    { processLimits: { ...surroundings.processLimits, openFiles: 64 } },
    'degraded',
    /limit of 64 open files/,
  ],
  [
    'process-limits',
    {},
    { processLimits: { ...surroundings.processLimits, openFiles: 8 } },
    'broken',
    /limit of 8 open files/,
  ],
  ['shares', { virtiofsd: undefined }, {}, 'degraded', /virtiofsd is not installed$/],
  [
    'shares',
    { virtiofsd: { ...complete.virtiofsd!, problem: 'this virtiofsd has no --shared-dir' } },
    {},
    'degraded',
    /directories cannot be shared, only copied .*has no --shared-dir/,
  ],
  [
    'shares',
    { virtiofsd: { ...complete.virtiofsd!, translatesIds: false } },
    {},
    'degraded',
    /too old: directories can be shared only with ids=host \(no --translate-uid\)$/,
  ],
  [
    'shares',
    { virtiofsd: { ...complete.virtiofsd!, migrates: false } },
    {},
    'degraded',
    /virtiofsd is too old: machines with shared directories cannot be saved \(virtiofsd cannot save its state\)$/,
  ],
  [
    'shares',
    { virtiofsd: { ...complete.virtiofsd!, survivesMissingFiles: false } },
    {},
    'degraded',
    /too old: machines with shared directories cannot be saved \(no --migration-on-error\)$/,
  ],
  [
    'shares',
    { virtiofsd: { ...complete.virtiofsd!, translatesIds: false, migrates: false } },
    {},
    'degraded',
    /only with ids=host \(.*\), and machines with shared directories cannot be saved/,
  ],
  [
    'kept-guests',
    {},
    { cacheDirectory: { path: '/c', freeBytes: 700 * 1024 ** 2, isOnNetwork: false } },
    'degraded',
    /^vmlet run cannot keep booted guests .* because only 700 MiB is free in \/c$/,
  ],
  [
    'kept-guests',
    {},
    { cacheDirectory: { path: '/c', freeBytes: 100 * 1024 ** 3, isOnNetwork: true } },
    'degraded',
    /\/c is on a network file system$/,
  ],
  [
    'kept-guests',
    {},
    { keptGuests: { problem: '/c/config.yaml:2: kept.size: "much": expected a size', remedy: 'correct it' } },
    'degraded',
    /^vmlet run fails without --fresh: \/c\/config\.yaml:2: kept\.size: "much": expected a size$/,
  ],
  [
    'kept-guests',
    {},
    {
      keptGuests: {
        bytes: 5 * 1024 ** 3,
        bytesFrom: 'VMLET_KEPT_SIZE',
        days: 1,
        daysFrom: 'kept.days in /f',
      },
    },
    'works',
    /, up to 5 GiB \(VMLET_KEPT_SIZE\) and for 1 day \(kept\.days in \/f\); later runs/,
  ],
  ['kept-guests', {}, {}, 'works', /keeps booted guests in .*, up to 20 GiB and for 7 days; later runs/],
  [
    'kept-guests',
    {},
    { keptGuests: { bytes: 0, bytesFrom: 'VMLET_KEPT_SIZE', days: 7, daysFrom: undefined } },
    'works',
    /^vmlet run keeps no booted guests, because VMLET_KEPT_SIZE is 0$/,
  ],
  [
    'kept-guests',
    {},
    { keptGuests: { bytes: 1024 ** 3, bytesFrom: undefined, days: 0, daysFrom: 'VMLET_KEPT_DAYS' } },
    'works',
    /^vmlet run keeps no booted guests, because VMLET_KEPT_DAYS is 0$/,
  ],
  [
    'kept-guests',
    {},
    { keptGuests: { bytes: 1024 ** 2, bytesFrom: 'VMLET_KEPT_SIZE', days: 7, daysFrom: undefined } },
    'degraded',
    /^vmlet run keeps no booted guests, because VMLET_KEPT_SIZE is less than 64 MiB$/,
  ],
  [
    'kept-guests',
    {},
    { keptGuests: { bytes: 1024 ** 2, bytesFrom: undefined, days: 7, daysFrom: undefined } },
    'degraded',
    /because a tenth of the file system of .* is less than 64 MiB$/,
  ],
  ['disk-space', {}, { dataDirectory: { path: '/d', freeBytes: 1024 ** 2 } }, 'degraded', /^1 MiB free/],
  ['micro-image', {}, { canDownloadPackages: false }, 'degraded', /needs apt-get and dpkg-deb, or dnf/],
  [
    'volumes',
    {},
    { helpers: { ...surroundings.helpers, mke2fs: undefined } },
    'degraded',
    /^mke2fs is not installed; vmlet cannot create volumes, a disk at \/data for micro, or images of packages$/,
  ],
  ['volumes', {}, {}, 'works', /^vmlet can create volumes, using \/sbin\/mke2fs$/],
  [
    'uefi',
    {},
    { uefi: { problem: 'no UEFI firmware for q35 (x86_64) found in /usr/share/qemu/firmware' } },
    'degraded',
    /^guests cannot boot with UEFI \(--firmware uefi\): no UEFI firmware for q35 .* found in/,
  ],
  [
    'private-networks',
    { qemu: { ...complete.qemu!, netdevs: ['user'] } },
    {},
    'degraded',
    /cannot reach each other.*does not support -netdev stream/,
  ],
  [
    'private-networks',
    { qemu: { ...complete.qemu!, hasStreamReconnect: false } },
    {},
    'degraded',
    /joins a network only at its next start/,
  ],
  ['forwards', {}, {}, 'works', /^all users of this host can connect to forwards on 127\.0\.0\.1; /],
  [
    'forks',
    { qemu: { ...complete.qemu!, devices: [] } },
    {},
    'degraded',
    /templates and forks are not available/,
  ],
])('%s: %j %j is %s', (item, survey, around, state, summary) => {
  const finding = find(item, survey, around);
  expect(finding.state).toBe(state);
  expect(finding.summary).toMatch(summary);
});
