import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import {
  BrokenMachineError,
  BrokenTemplateError,
  CatalogueFileError,
  VmletError,
} from '../../../../src/errors/index.ts';
import { readCachedSurvey } from '../../../../src/host/cache.ts';
import { readCatalogueFile } from '../../../../src/images/catalogue/catalogue-file.ts';
import { listImages, readManifest } from '../../../../src/images/store/store.ts';
import { PartialFile } from '../../../../src/images/transfer/partial/partial-file.ts';
import { templateFiles } from '../../../../src/template/template-files.ts';
import { readRecord } from '../../../../src/template/template-record.ts';
import type { Locations } from '../../../../src/machine/paths/locations.ts';
import { readSpec } from '../../../../src/machines/record/definition.ts';
import { settleRestore } from '../../../../src/machines/recovery/interrupted-restore.ts';
import { settleSnapshot } from '../../../../src/machines/recovery/interrupted-snapshot.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { readEarlierForwards } from '../../../../src/machines/plan/machine-network.ts';
import { readPlan } from '../../../../src/machines/record/machine-plan-file.ts';
import { formatMachineSpec, parseMachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { lastStartOf, readStatus, describeStatus } from '../../../../src/machines/record/machine-status.ts';
import { readSavedNote } from '../../../../src/machines/record/saved-note.ts';
import { readSerialStart } from '../../../../src/machines/channel/serial-start.ts';
import { ofExisting } from '../../../../src/machines/record/snapshot-lineage.ts';
import { findMemory, readLineage } from '../../../../src/machines/record/snapshot-record.ts';
import { readSshRecord } from '../../../../src/machines/record/ssh-record.ts';
import { mutatedText } from '../mutate.ts';
import { mutatedJson } from '../mutate-json.ts';
import { type FuzzTarget, jsonTarget, must, same } from '../target.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const SPEC = {
  version: 1,
  id: '0123abcd',
  uuid: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  name: 'web',
  createdAt: '2026-01-02T03:04:05.678Z',
  memoryBytes: 536_870_912,
  cpus: 2,
  accel: 'auto',
  cpu: 'auto',
  cpuLevel: 'x86-64-v2',
  firmware: {
    kind: 'uefi',
    code: { path: '/usr/c.fd', format: 'raw' },
    varsTemplate: { path: '/usr/v.fd', format: 'raw' },
    secureBoot: false,
    needsSmm: false,
  },
  tpm: false,
  boot: { kind: 'image', image: 'debian:13', append: 'quiet' },
  installer: { kernel: '/k', initrd: '/i', append: '' },
  disks: [
    {
      name: 'disk0',
      file: 'disk0.qcow2',
      owned: true,
      format: 'qcow2',
      backing: { path: '/base', format: 'qcow2', backing: { path: '/b', format: 'raw' } },
      readOnly: false,
      cache: 'writeback',
      discard: true,
    },
  ],
  cdroms: [{ name: 'cdrom0', path: '/x.iso' }],
  net: 'passt',
  bridge: 'br0',
  bridges: [{ bridge: 'br1', mac: '52:54:00:12:34:57', mtu: 9000 }],
  mac: '52:54:00:12:34:56',
  ports: [{ protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 8080, guestPort: 80 }],
  hasSeed: true,
  guestIdentity: 'own',
  sshUser: 'me',
  display: 'vnc',
  labels: { a: 'b' },
  protected: false,
};
const PROCESS = { pid: 4_000_000, startTime: 12_345 };
const RUN = {
  version: 1,
  bootId: 'x',
  keeper: PROCESS,
  qemu: PROCESS,
  helpers: { passt: PROCESS },
  state: 'io-error',
  diskStop: { event: 'BLOCK_IO_ERROR', data: { nospace: true, device: 'disk0', 'node-name': 'disk0' } },
  startedAt: 1_700_000_000_000,
};
const END = {
  version: 1,
  startedAt: 1_700_000_000_000,
  endedAt: 1_700_000_001_000,
  exitCode: 0,
  signal: null,
  sentSignal: 15,
  negotiated: true,
  fatalRunState: null,
  events: [
    { event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } },
    { event: 'GUEST_PANICKED', data: { action: 'pause' } },
  ],
};
const PLAN = {
  board: { options: { type: 'q35' } },
  accelerator: { kind: 'tcg' },
  directory: { sockets: '/run/x' },
  network: {
    forwards: [{ protocol: 'tcp', hostAddress: '::1', hostPort: 80, guestPort: 80, ephemeral: true }],
  },
  bridges: [{ number: 0, mac: 'x', descriptor: 9 }],
  vncSocket: '/v',
  cdroms: [{ name: 'cdrom0', path: '/x', bootIndex: 1 }],
  rootPorts: ['port0'],
};
const MEMORY = {
  snapshot: 's1',
  wasRunning: true,
  machineType: 'pc-q35-10.0',
  rootPorts: ['port0'],
  hardware: { cpu: 'max' },
};
const TEMPLATE = {
  version: 1,
  name: 't',
  createdAt: '2026-01-02T03:04:05Z',
  image: 'micro',
  inputs: 'ab',
  basis: { qemu: 'x' },
  staysOnFailure: true,
  opensReadOnly: false,
  plan: { name: 't', memoryBytes: 1e8, directory: { sockets: '/s' } },
};
const DIGEST = 'a'.repeat(64);
const FILE = { path: 'disk.qcow2', bytes: 4, sha256: DIGEST };
const COMMON = {
  version: 1,
  name: 'web',
  digest: DIGEST,
  createdAt: '2026-01-02T03:04:05Z',
  sources: [{ name: 'x', version: '1' }],
};
const DISK_IMAGE = {
  ...COMMON,
  kind: 'disk',
  disk: FILE,
  format: 'qcow2',
  virtualBytes: 512,
  guest: { firmware: 'bios', cpu: 'x86-64-v1', provisioner: 'none', agent: false },
  origin: { kind: 'imported', file: '/x', verification: 'none' },
};
const KERNEL_IMAGE = {
  ...COMMON,
  kind: 'kernel',
  kernelRelease: '6.1',
  kernel: { ...FILE, path: 'vmlinux' },
  initrd: { ...FILE, path: 'initrd' },
  append: ['quiet'],
  agentSha256: DIGEST,
  recipeSha256: DIGEST,
};
const CATALOGUE = `keys:
  k: {file: keys/k.asc, fingerprint: D2EB44626FDDC30B513D5BB71A5D6C4C7DB87C81, from: somewhere}
images:
  mine:1:
    description: my own
    url: https://example.org/x.qcow2
    digest: {form: list, url: https://example.org/SHA256SUMS}
    firmware: bios
    cpu: x86-64-v2
    user: root
    provisioner: cloud-init
    anchor: &a [x, y]
    alias: *a
`;

let folder = '';
const prepare = async (): Promise<() => Promise<void>> => {
  const made = makeTemporaryDirectory();
  folder = made.path;
  return Promise.resolve(async () => Promise.resolve(made.remove()));
};

function locations(): Locations {
  const names = ['config', 'images', 'machines', 'templates', 'disks', 'logs', 'cache', 'scratch', 'runtime'];
  return Object.fromEntries(names.map((name) => [name, join(folder, name)])) as unknown as Locations;
}

const definition = () => {
  const files = machineFiles(locations(), 'web', SPEC.id);
  return { files, spec: parseMachineSpec(JSON.stringify(SPEC), 'spec.json') };
};

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/**
 * A damaged file may only cause an error of ours that names the file. Terminal control characters are removed
 * where errors are printed.
 */
async function readOrTold(path: string, read: () => unknown): Promise<string> {
  try {
    const value = await read();
    must(!('polluted' in {}), 'the prototype of objects was changed');
    return value === undefined ? 'nothing' : 'read';
  } catch (error) {
    if (!(error instanceof VmletError)) throw error;
    must(
      error instanceof BrokenTemplateError || error.message.includes(path),
      `an error that does not name the file: ${error.message}`,
    );
    return 'told';
  }
}

interface FileTarget {
  readonly name: string;
  readonly what: string;
  readonly bases: readonly unknown[];
  readonly path: () => string;
  readonly read: (text: string) => unknown;
  readonly expected?: readonly string[];
}

function fileTarget({ name, what, bases, path, read, expected = ['read', 'told'] }: FileTarget): FuzzTarget {
  return jsonTarget<string>({
    name,
    what,
    expected,
    prepare,
    arbitrary: fc.oneof(
      { weight: 5, arbitrary: mutatedJson(bases) },
      {
        weight: 1,
        arbitrary: mutatedText(
          bases.map((base) => JSON.stringify(base)),
          ['"__proto__":{"polluted":1},', '[', '{'],
        ),
      },
    ),
    check: async (text) => {
      put(path(), text);
      return readOrTold(path(), () => read(text));
    },
  });
}

export const specFile = fileTarget({
  name: 'spec-file',
  what: "a machine's spec.json",
  bases: [SPEC],
  path: () => definition().files.spec,
  read(text) {
    const { spec, files } = readSpec(locations(), 'web');
    same(parseMachineSpec(formatMachineSpec(spec), files.spec), spec, 'what was written is read otherwise');
    const { labels } = JSON.parse(text) as { labels: Record<string, string> };
    same(Object.keys(spec.labels), Object.keys(labels), 'labels are lost');
    return spec;
  },
});

export const runFile = fileTarget({
  name: 'run-file',
  what: "the keeper's record of a run",
  bases: [RUN],
  path: () => definition().files.run,
  read() {
    const { files } = definition();
    const status = readStatus(files);
    JSON.stringify(status);
    describeStatus(status);
    lastStartOf(files)?.toISOString();
    return status;
  },
});

export const endFile = fileTarget({
  name: 'end-file',
  what: "the keeper's record of an end",
  bases: [END],
  path: () => definition().files.end,
  read() {
    const status = readStatus(definition().files);
    describeStatus(status);
    JSON.stringify(status);
    lastStartOf(definition().files)?.toISOString();
    return status;
  },
});

export const planFile = fileTarget({
  name: 'plan-file',
  what: "a running machine's plan.json",
  bases: [PLAN],
  path: () => definition().files.plan,
  read() {
    const { files } = definition();
    readEarlierForwards(files).map(({ hostAddress, hostPort }) => `${hostAddress}:${hostPort}`);
    const plan = readPlan(files);
    return [...plan.rootPorts, ...plan.cdroms.map(({ name }) => name), plan.directory.sockets];
  },
});

export const snapshotFile = fileTarget({
  name: 'snapshot-file',
  what: "records of snapshots' memory and parents",
  bases: [
    {
      version: 1,
      memories: [MEMORY, { ...MEMORY, snapshot: 's2' }],
      lineage: { current: 's2', snapshots: [{ name: 's1' }, { name: 's2', parent: 's1' }] },
    },
  ],
  path: () => definition().files.snapshots,
  read() {
    const { snapshots, current = 'none' } = ofExisting(readLineage(definition()), new Set(['s1', 's2']));
    const parents = snapshots.map(({ name, parent = 'none' }) => `${name} ${parent}`);
    return [...(findMemory(definition(), 's1')?.rootPorts ?? ['none']), current, ...parents];
  },
});

/** Their disks do not exist, so nothing is done to any. */
export const noteFiles = fileTarget({
  name: 'note-files',
  what: 'records of interrupted snapshots and saves, of ssh and of the log',
  bases: [
    { version: 1, snapshot: 's', disks: ['/no/such/disk'] },
    { version: 1, snapshot: 's', by: 'qemu-img', disks: [] },
    { version: 1, wasRunning: true, machineType: 'q35', rootPorts: ['a'] },
    { provisionedFor: 'me', answeredInRun: 5 },
    { identity: '1:2', offset: 77 },
  ],
  path: () => definition().files.snapshotting,
  async read(text) {
    const own = definition();
    const verdicts: string[] = [];
    for (const [path, read] of [
      [own.files.snapshotting, async () => settleSnapshot(own)],
      [own.files.savedStateNote, () => readSavedNote(own)],
      [join(own.files.ssh, 'record.json'), () => readSshRecord(own.files.ssh)],
      [own.files.serialStart, () => readSerialStart(own.files)],
    ] as const) {
      put(path, text);
      verdicts.push(await readOrTold(path, read));
    }
    // An interrupted restore changes the disks themselves.
    if (!text.includes('"disks": []')) put(own.files.restoring, text.replace(/"by"/g, '"BY"'));
    else put(own.files.restoring, text);
    verdicts.push(await readOrTold(own.files.restoring, async () => settleRestore(own)));
    rmSync(own.files.restoring, { force: true });
    if (verdicts.every((verdict) => verdict === 'told'))
      throw new BrokenMachineError('web', own.files.snapshotting);
    return verdicts;
  },
});

export const templateFile = fileTarget({
  name: 'template-file',
  what: "a template's record",
  bases: [TEMPLATE],
  path: () => templateFiles(join(folder, 'template')).record,
  read: () => readRecord('t', templateFiles(join(folder, 'template')))?.plan.directory,
});

export const imageFile = fileTarget({
  name: 'image-manifest',
  what: "an image's manifest.json",
  bases: [DISK_IMAGE, KERNEL_IMAGE, { ...DISK_IMAGE, backing: DIGEST }],
  expected: ['read'],
  path: () => join(locations().images, `sha256-${DIGEST}`, 'manifest.json'),
  async read() {
    const store = locations().images;
    const directory = join(store, `sha256-${DIGEST}`);
    for (const name of ['disk.qcow2', 'vmlinux', 'initrd']) put(join(directory, name), 'size');
    // Broken ones are listed as such, and do not affect others.
    const { images, broken } = await listImages(store);
    same(images.length + broken.length, 1, 'images that are neither whole nor broken');
    const manifest = await readManifest(directory);
    if (manifest) same(JSON.parse(JSON.stringify(manifest)), manifest, 'is not what JSON holds');
    for (const image of images) image.createdAt.toISOString();
    return images;
  },
});

export const surveyFile = fileTarget({
  name: 'survey-file',
  what: 'cached facts about the host: of another host, or damaged',
  bases: [
    [{ key: 'other', survey: { a: 1 } }],
    [{ key: 'ours', digest: '0'.repeat(64), survey: { a: 1 } }, null, 1],
  ],
  expected: ['nothing'],
  path: () => join(folder, 'cache', 'host.json'),
  read: () => readCachedSurvey(join(folder, 'cache'), 'ours'),
});

export const partFile = fileTarget({
  name: 'part-file',
  what: 'records of interrupted downloads',
  bases: [{ version: 1, etag: '"x"', lastModified: 'y', totalBytes: 5, bootId: 'another' }],
  expected: ['nothing'],
  path: () => join(folder, 'download.json'),
  read: async () => new PartialFile(join(folder, 'download')).origin(false),
});

export const catalogueTarget = jsonTarget<string>({
  name: 'catalogue',
  what: "a catalogue of the user's own",
  expected: ['read', 'told'],
  prepare,
  arbitrary: mutatedText(
    [CATALOGUE, 'images: {}\n', '{"keys": {}, "images": {}}'],
    [
      '&a ',
      '*a',
      '<<: *a\n',
      '__proto__: {polluted: 1}\n',
      '!!js/function ',
      '- ',
      ': ',
      '\t',
      '---\n',
      '? ',
      '"',
      '{',
      '}',
      '|\n',
      '2026-01-01',
      '0x10',
      'yes',
    ],
  ),
  async check(text) {
    const path = join(folder, 'catalogue.yaml');
    writeFileSync(path, text);
    return readOrTold(path, async () => {
      try {
        return (await readCatalogueFile(path)) ?? {};
      } catch (error) {
        if (error instanceof CatalogueFileError) {
          const [, line = '0'] =
            /:(\d+)/.exec(error.message.slice(error.message.indexOf(path) + path.length)) ?? [];
          must(Number(line) <= text.split(/\r\n|[\n\r]/).length + 1, `an error in line ${line}`);
        }
        throw error;
      }
    });
  },
});
