import { describe, expect, it } from 'vitest';
import { pendingDrives, pendingMounts } from '../../../../src/machines/record/pending-hardware.ts';
import { joinVolumes } from '../../../../src/machines/record/volumes-in-use.ts';
import type { StoredMounts } from '../../../../src/machines/spec/stored-mounts.ts';

const share = (target: string, tag?: string): NonNullable<StoredMounts['shares']>[number] => ({
  source: '/srv',
  target,
  readOnly: false,
  cache: 'auto',
  ids: { kind: 'host' },
  ...(tag !== undefined && { tag }),
});
const volume = (name: string, target: string): NonNullable<StoredMounts['volumes']>[number] => ({
  name,
  target,
  readOnly: false,
  sizeBytes: 2 ** 30,
  owner: { uid: 0, gid: 0 },
});
const tmpfs = (target: string): NonNullable<StoredMounts['tmpfs']>[number] => ({
  target,
  readOnly: false,
  options: 'mode=755',
});
const pending = (next: StoredMounts, now: StoredMounts): string[] =>
  pendingMounts(next, { shares: [], volumes: [], tmpfs: [], ...now } as never);

describe('mounts that change at the next start', () => {
  it.each<[StoredMounts, StoredMounts, string[]]>([
    [{}, {}, []],
    [{ shares: [share('/a', 'share0')] }, {}, ['/a']],
    [{}, { shares: [share('/a', 'share0')] }, ['/a']],
    [{ shares: [share('/a', 'share1')] }, { shares: [share('/a', 'share0')] }, ['/a', '/a']],
    [{ volumes: [volume('a', '/v')] }, { volumes: [volume('b', '/v')] }, ['/v', '/v']],
    [{ tmpfs: [tmpfs('/t')] }, { shares: [share('/t', 'share0')] }, ['/t', '/t']],
    [{ tmpfs: [tmpfs('/t')] }, {}, ['/t']],
  ])('%j after %j', (next, now, targets) => {
    expect(pending(next, now)).toEqual(targets);
  });

  it('are none for the same mounts in another order, or without stored tags', () => {
    const now = {
      shares: [share('/a', 'share0'), share('/b', 'share1')],
      volumes: [volume('a', '/v'), volume('b', '/w')],
      tmpfs: [tmpfs('/t')],
    };
    expect(pending({ ...now, volumes: now.volumes.toReversed() }, now)).toEqual([]);
    expect(pending({ ...now, shares: [share('/a'), share('/b')] }, now)).toEqual([]);
  });
});

describe('drives that change at the next start', () => {
  const spec = (disks: Record<string, boolean>, ...cdroms: string[]) => ({
    disks: Object.entries(disks).map(([name, readOnly]) => ({ name, readOnly })),
    cdroms: cdroms.map((name) => ({ name })),
  });
  const plan = ({ disks, cdroms }: ReturnType<typeof spec>) => ({
    disks: disks.map(({ name, readOnly }) => ({ nodeName: name, readOnly })),
    cdroms,
  });

  it.each([
    [spec({ disk0: false }, 'cdrom0'), spec({ disk0: false }, 'cdrom0'), undefined],
    [spec({ disk1: true, disk0: false }), spec({ disk0: false, disk1: true }), undefined],
    [spec({ disk0: false, disk1: true }), spec({ disk0: false, disk1: false }), 'disk disk1'],
    [spec({ disk0: false, disk1: false }), spec({ disk0: false, disk1: true }), 'disk disk1'],
    [spec({ disk0: false }), spec({ disk0: false, disk1: false }), 'disk disk1'],
    [spec({}, 'cdrom0', 'cdrom1'), spec({}, 'cdrom0'), 'CD drive cdrom1'],
    [spec({}), spec({}, 'cdrom0'), 'CD drive cdrom0'],
    [spec({}, 'cdrom1', 'cdrom0'), spec({}, 'cdrom0', 'cdrom1'), 'CD drive cdrom0'],
  ])('%j after %j', (next, now, first) => {
    expect(pendingDrives(next as never, plan(now) as never)[0]).toBe(first);
  });
});

it('counts a volume that was removed from the definition, and one that has two places', () => {
  const spec = { volumes: [volume('a', '/v')] };
  const named = (name: string, target: string) => ({ name, target, readOnly: false });
  expect(joinVolumes({}, [])).toEqual([]);
  expect(joinVolumes(spec, [])).toEqual([named('a', '/v')]);
  expect(joinVolumes(spec, [named('a', '/v')])).toEqual([named('a', '/v')]);
  expect(joinVolumes({}, [named('a', '/v')])).toEqual([named('a', '/v')]);
  expect(joinVolumes(spec, [named('a', '/w'), named('b', '/x')])).toEqual([
    named('a', '/v'),
    named('a', '/w'),
    named('b', '/x'),
  ]);
});
