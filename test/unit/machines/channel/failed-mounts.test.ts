import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GuestMountError } from '../../../../src/errors/index.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { failedMountOf, requireMounts } from '../../../../src/machines/channel/failed-mounts.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { describeStatus, statusOf } from '../../../../src/machines/record/machine-status.ts';
import { listShares } from '../../../../src/machines/run/devices/shares.ts';
import { identifyProcess } from '../../../../src/process/procfs/identity.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const files = machineFiles(locate({ XDG_RUNTIME_DIR: directory }, directory, 0), 'web', '00000000');
const [MOUNT, REQUEST] = [10, 1];
const [ENODEV, EBADMSG] = [19, 74];

/** A running machine with two directories and a volume; this process stands for its keeper. */
function machine(failedMounts: readonly object[] | undefined, changes: object = {}): Definition {
  const { bootId, ...keeper } = identifyProcess(process.pid)!;
  const ids = { kind: 'host' };
  const shares = ['/src', "/it's"].map((target, index) => ({
    tag: `share${index}`,
    target,
    source: '/',
    ids,
  }));
  const volumes = [{ name: 'cache', target: '/cache', readOnly: false }];
  const tmpfs = [{ target: '/scratch', readOnly: false, options: 'mode=1777,uid=0,gid=0' }];
  const plan = {
    board: { options: {} },
    accelerator: { kind: 'tcg' },
    directory: { sockets: '' },
    cdroms: [],
    rootPorts: [],
    shares,
    volumes,
    tmpfs,
  };
  const run = { version: 1, bootId, keeper, qemu: null, helpers: {}, state: 'running', startedAt: 0 };
  mkdirSync(files.directory, { recursive: true });
  writeFileSync(files.plan, JSON.stringify(plan));
  writeFileSync(files.run, JSON.stringify({ ...run, failedMounts }));
  return { files, spec: { name: 'web', shares, volumes, tmpfs, ...changes } } as unknown as Definition;
}

const failed = (path: string, errno: number, phase = MOUNT): object => ({ path, phase, errno });

function refusal(definition: Definition): GuestMountError | undefined {
  try {
    requireMounts(definition);
    return undefined;
  } catch (error) {
    if (error instanceof GuestMountError) return error;
    throw error;
  }
}

it('a mount that failed is the detail of the machine, and of its entry in the list', () => {
  const definition = machine([failed('/src', ENODEV), failed('/cache', EBADMSG, REQUEST)]);
  expect(describeStatus(statusOf(definition))).toBe(
    "cannot mount /src: the guest's kernel does not support virtiofs; cannot mount /cache: the agent in the guest is older than this vmlet (EBADMSG)",
  );
  expect(listShares(definition).map(({ target, live, problem }) => [target, live, problem])).toEqual([
    ['/src', false, "the guest's kernel does not support virtiofs"],
    ["/it's", true, undefined],
    ['/cache', false, 'the agent in the guest is older than this vmlet (EBADMSG)'],
    ['/scratch', true, undefined],
  ]);
});

it('keeps commands from running, and the error has the ways out', () => {
  const error = refusal(machine([failed("/it's", ENODEV)]));
  expect(error?.message).toBe("cannot mount /it's: the guest's kernel does not support virtiofs");
  expect(error?.hint).toBe(
    "use a kernel that supports virtiofs, or copy the directory instead: vmlet cp; to look into the guest, run: vmlet ssh web; to use the guest without /it's, run: vmlet share rm web '/it'\\''s'",
  );
});

it('is found among those that are needed', () => {
  const definition = machine([failed('/src', ENODEV), failed('/cache', ENODEV)]);
  expect(failedMountOf(definition, (target) => target === '/cache')?.target).toBe('/cache');
  expect(failedMountOf(definition, () => false)).toBeUndefined();
});

it.each([
  ['removed from the machine', []],
  ['replaced by another volume', [{ name: 'other', target: '/cache', readOnly: false }]],
])('does not, once it was %s', (_what, volumes) => {
  const definition = machine([failed('/cache', ENODEV)], { volumes });
  expect(refusal(definition)).toBeUndefined();
  expect(describeStatus(statusOf(definition))).toBe('running');
});

it.each([
  ['a removed volume', {}],
  ['one that another volume at its path replaces', { name: 'other', target: '/cache', readOnly: false }],
  ['one that is read-only from the next start on', { name: 'cache', target: '/cache', readOnly: true }],
])('the list has %s until the machine stops', (_what, next) => {
  const volumes = 'name' in next ? [next] : [];
  const listed = listShares(machine([], { volumes }))
    .filter(({ target }) => target === '/cache')
    .map(({ source, readOnly, live, removed }) => ({ source, readOnly, live, removed }));
  expect(listed).toEqual([
    ...volumes.map(({ name, readOnly }) => ({ source: name, readOnly, live: false, removed: false })),
    { source: 'cache', readOnly: false, live: true, removed: true },
  ]);
});

it.each([
  [{ shares: [{ target: '/src', source: '/', ids: { kind: 'squash', uid: 0, gid: 0 } }] }, '/src'],
  [{ shares: [{ target: '/src', source: '/', ids: { kind: 'host' }, cache: 'never' }] }, '/src'],
  [{ tmpfs: [{ target: '/scratch', readOnly: false, options: 'mode=700,uid=0,gid=0' }] }, '/scratch'],
])('the list has a mount with the options of the run until the machine stops: %j', (changes, path) => {
  const listed = listShares(machine([], changes)).filter(({ target }) => target === path);
  expect(listed.map(({ live, removed }) => [live, removed])).toEqual([
    [false, false],
    [true, true],
  ]);
});

it('the list leaves out a removed volume that the guest could not mount', () => {
  const listed = listShares(machine([failed('/cache', EBADMSG)], { volumes: [] }));
  expect(listed.map(({ target }) => target)).toEqual(['/src', "/it's", '/scratch']);
});

it.each([['no failures', []] as const, ['the record of an older keeper', undefined] as const])(
  'commands run with %s',
  (_what, failures) => {
    const definition = machine(failures);
    expect(refusal(definition)).toBeUndefined();
    expect(describeStatus(statusOf(definition))).toBe('running');
    expect(listShares(definition).map(({ live }) => live)).toEqual([true, true, true, true]);
  },
);
