import { expect, it } from 'vitest';
import {
  shareLayers,
  virtiofsdCommand,
  virtiofsdConfinement,
} from '../../../../src/machine/share/confined-virtiofsd.ts';
import type { SharePlan } from '../../../../src/machine/share/share-plan.ts';
import { everything } from '../plan/every-layer.ts';

// A directory that exists on every host.
const source = '/usr/share';
const ids = { kind: 'squash', uid: 1000, gid: 100 } as const;
const share: SharePlan = {
  field: 'volumes[0]',
  source,
  target: '/src',
  readOnly: false,
  cache: 'auto',
  ids,
  runsAs: { uid: 7, gid: 8 },
  changesUser: false,
  copy: false,
  port: undefined,
  tag: 'share0',
  virtiofsd: {
    path: '/usr/libexec/virtiofsd',
    translatesIds: true,
    usesFileHandles: true,
    survivesMissingFiles: true,
    announcesMounts: true,
  },
  socketPath: '/run/m/share0.sock',
  layers: shareLayers({ source, ids, readOnly: false }, everything),
};

const unfiltered = { ...everything, seccomp: { usable: false, reason: 'for a test' } } as const;

function followers(words: readonly string[], option: string): string[][] {
  return words.flatMap((word, index) => (word === option ? [words.slice(index + 1, index + 3)] : []));
}

const ALWAYS = [
  '/usr/libexec/virtiofsd',
  '--fd=3',
  '--shared-dir=/usr/share',
  '--cache=auto',
  '--sandbox=none',
  '--rlimit-nofile=0',
];

it('maps every file to one user on each side', () => {
  const command = virtiofsdCommand(share);
  expect(command).toEqual([
    ...ALWAYS,
    '--inode-file-handles=never',
    '--translate-uid=squash-guest:0:7:4294967295',
    '--translate-uid=host:7:1000:1',
    '--translate-gid=squash-guest:0:8:4294967295',
    '--translate-gid=host:8:100:1',
    '--migration-on-error=guest-error',
  ]);
});

it('omits options that are not needed or not supported', () => {
  const virtiofsd = { ...share.virtiofsd, usesFileHandles: false, survivesMissingFiles: false };
  const command = virtiofsdCommand({ ...share, virtiofsd, ids: { kind: 'host' }, readOnly: true });
  expect(command).toEqual([...ALWAYS, '--readonly']);
});

it('requests few of root’s capabilities, and keeps only the needed ones', () => {
  const root = { ...share, runsAs: { uid: 0, gid: 0 } };
  expect(virtiofsdCommand(root)).toContain('--modcaps=-chown:-fsetid:-mknod:-setfcap:-setgid:-setuid');
  expect(followers(virtiofsdConfinement(root), '--keep')[0]?.[0]).toBe('setpcap,fowner');
  const host = { ...root, ids: { kind: 'host' } } as const;
  expect(virtiofsdCommand(host)).toContain('--modcaps=-fsetid:-mknod:-setfcap');
  expect(followers(virtiofsdConfinement(host), '--keep')[0]?.[0]).toBe('setpcap,fowner,chown,setgid,setuid');
  expect(virtiofsdConfinement(share)).not.toContain('--keep');
});

it('confines virtiofsd to the directory, where it may create anything but devices', () => {
  const words = virtiofsdConfinement(share);
  expect(followers(words, '--bind')).toContainEqual([source, expect.anything()]);
  const [rights] = followers(words, '--landlock').filter(([, path]) => path === source);
  expect(rights?.[0]).toContain('make-sym');
  expect(rights?.[0]).not.toMatch(/make-char|make-block|execute/);
  expect(words[words.indexOf('--seccomp') + 1]).toBe('files,processes,sockets,connect,groups');
  expect(words).not.toContain('--user');
});

it('permits only reading in a read-only directory', () => {
  const words = virtiofsdConfinement({ ...share, readOnly: true });
  expect(followers(words, '--bind').map(([path]) => path)).toEqual(['/dev/null']);
  expect(followers(words, '--landlock')).toContainEqual(['read-file,read-dir', source]);
});

it('runs virtiofsd as the owner of the directory if root starts it', () => {
  expect(virtiofsdConfinement({ ...share, changesUser: true }).join(' ')).toContain('--user 7:8');
});

it('shares the whole host without a separate root, which would be the same', () => {
  expect(shareLayers({ ...share, source: '/' }, everything).namespaces).toEqual(['net', 'ipc', 'uts']);
});

it('lets virtiofsd adopt a group of the guest’s user only where files keep their owners', () => {
  expect(shareLayers({ ...share, ids: { kind: 'host' } }, everything).seccomp).not.toContain('groups');
  expect(shareLayers(share, unfiltered).seccomp).toEqual([]);
});

it('names the setuid files that only a filter of system calls prevents', () => {
  const gap = 'can create setuid files in the directory';
  expect(shareLayers(share, everything).gaps).toEqual([]);
  expect(shareLayers(share, unfiltered).gaps).toEqual([gap]);
  expect(shareLayers({ ...share, readOnly: true }, unfiltered).gaps).toEqual([]);
});
