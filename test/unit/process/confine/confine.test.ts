import { describe, expect, it } from 'vitest';
import { confine } from '../../../../src/process/confine/confine.ts';
import type { Confinement } from '../../../../src/process/confine/confinement.ts';
import type { FoundPath } from '../../../../src/process/confine/found-path.ts';
import {
  type ConfinementAbilities,
  type Connects,
  layersOf,
} from '../../../../src/process/confine/layers.ts';
import { everyLayer, noNamespaces, unable } from './abilities.ts';

/** A path with a final slash is a directory, nothing under /missing exists, and /link leads to /real. */
function find(path: string): FoundPath | undefined {
  if (path.startsWith('/missing')) return undefined;
  const isLinked = path.startsWith('/link/') || path.startsWith('/own/link/');
  return {
    path: isLinked ? path.replace(/^.*\/link\//, '/real/') : path.replace(/(.)\/$/, '$1'),
    kind: path.endsWith('/') ? 'directory' : 'file',
    links: isLinked ? [{ path: path.replace(/\/link\/.*/, '/link'), target: 'real' }] : [],
  };
}

function optionsFor(
  confinement: Partial<Confinement>,
  abilities: ConfinementAbilities = everyLayer,
  connects: Connects = 'nowhere',
): string[] {
  const whole = { execute: [], readOnly: [], readWrite: [], own: [], ...confinement };
  return confine(whole, layersOf({ connects, longestFile: undefined }, abilities), find);
}

/** The values after each occurrence of an option. */
function valuesOf(options: readonly string[], name: string, count: number): string[] {
  return options.flatMap((option, index) =>
    option === name ? [options.slice(index + 1, index + 1 + count).join(' ')] : [],
  );
}

describe('rules of Landlock', () => {
  const rulesOf = (confinement: Partial<Confinement>): string[] =>
    valuesOf(optionsFor(confinement), '--landlock', 2);

  it('grant files no right that only directories have', () => {
    expect(rulesOf({ readOnly: ['/image', '/images/'], readWrite: ['/disk'], execute: ['/qemu'] })).toEqual([
      'execute,read-file /qemu',
      'read-file,ioctl-dev /image',
      'read-file,read-dir /images',
      'read-file,write-file,truncate,ioctl-dev /disk',
    ]);
  });

  it('let a program do everything in its own directory but execute, and create devices and links', () => {
    const [own] = rulesOf({ own: ['/own/'] });
    expect(own).toBe(
      'read-file,read-dir,write-file,truncate,remove-dir,remove-file,make-dir,make-reg,make-sock,make-fifo,refer /own',
    );
  });

  it('omit missing and repeated paths', () => {
    expect(rulesOf({ readOnly: ['/missing/a', '/image', '/image'] })).toHaveLength(1);
  });

  it('keep paths unchanged', () => {
    expect(rulesOf({ readOnly: ['/a b,c:d="e"\n/f'] })).toEqual(['read-file,ioctl-dev /a b,c:d="e"\n/f']);
  });
});

describe('a root of its own', () => {
  it('contains the granted paths, outer directories first, each once', () => {
    const options = optionsFor({
      execute: ['/lib/loader'],
      readOnly: ['/lib/', '/own/base', '/images/one', '/images/one'],
      readWrite: ['/lib/disk', '/dev/null'],
      own: ['/own/'],
    });
    expect(valuesOf(options, '--bind-read-only', 1)).toEqual(['/lib', '/images/one']);
    expect(valuesOf(options, '--bind', 1)).toEqual(['/own', '/lib/disk', '/dev/null']);
    expect(options.indexOf('/lib')).toBeLessThan(options.indexOf('/lib/disk'));
  });

  it('does not treat a directory as part of another with the same prefix', () => {
    const options = optionsFor({ readOnly: ['/images/', '/images-of-mine/', '/images2'] });
    expect(valuesOf(options, '--bind-read-only', 1)).toEqual(['/images', '/images2', '/images-of-mine']);
  });

  it('contains the symbolic links on the way to its paths', () => {
    const options = optionsFor({ readOnly: ['/link/a', '/link/b'] });
    expect(valuesOf(options, '--symlink', 2)).toEqual(['real /link']);
    expect(valuesOf(options, '--bind-read-only', 1)).toEqual(['/real/a', '/real/b']);
    expect(optionsFor({ readOnly: ['/', '/link/a'] })).not.toContain('--symlink');
  });
});

describe('files that are shown to others', () => {
  const options = optionsFor({
    readOnly: ['/lib/'],
    shown: { below: '/host', paths: ['/lib/', '/etc/', '/etc/inner/', '/link/a', '/missing/b'] },
  });

  it('are in a directory of its root, at their own paths', () => {
    expect(valuesOf(options, '--bind-read-only-at', 2)).toEqual([
      '/lib /host/lib',
      '/etc /host/etc',
      '/real/a /host/real/a',
    ]);
    expect(valuesOf(options, '--bind-read-only', 1)).toEqual(['/lib']);
    expect(valuesOf(options, '--symlink', 2)).toEqual(['real /host/link']);
  });

  it('can be read and listed, and nothing more', () => {
    expect(valuesOf(options, '--landlock', 2)).toEqual([
      'read-file,read-dir /lib',
      'read-file,read-dir /host',
    ]);
  });
});

it('grants nothing through links in its own directory, which it may have created', () => {
  const options = optionsFor({ readOnly: ['/own/link/a'], own: ['/own/'] });
  expect(options.join(' ')).not.toContain('/real/a');
  expect(optionsFor({ readOnly: ['/link/a'], own: ['/own/'] }).join(' ')).toContain('/real/a');
});

describe('layers', () => {
  it('are all that the host has, without those that the program cannot have', () => {
    const layers = (connects: Connects) => layersOf({ connects, longestFile: 7 }, everyLayer);
    expect(layers('nowhere')).toEqual({
      namespaces: ['mount', 'net', 'ipc', 'uts'],
      landlock: { abi: 6, scoped: true, deniesTcp: true },
      seccomp: ['base', 'processes', 'sockets', 'connect'],
      longestFile: 7,
      gaps: [],
    });
    expect(layers('by-path')).toEqual({ ...layers('nowhere'), seccomp: ['base', 'processes', 'sockets'] });
    expect(layers('anywhere')).toEqual({
      ...layers('nowhere'),
      namespaces: ['mount', 'ipc', 'uts'],
      landlock: { abi: 6, scoped: true, deniesTcp: false },
      seccomp: ['base', 'processes'],
    });
  });

  it('are passed to vmlet-confine', () => {
    const options = confine(
      { execute: [], readOnly: [], readWrite: [], own: [] },
      layersOf({ connects: 'by-path', longestFile: 7 }, everyLayer),
      find,
    );
    expect(options).toEqual([
      ...['--limit', 'core=0', '--limit', 'fsize=7', '--unshare', 'mount,net,ipc,uts'],
      ...['--landlock-scope', '--landlock-deny-tcp', '--seccomp', 'base,processes,sockets'],
    ]);
  });

  it.each<[string, Partial<ConfinementAbilities>, Connects, readonly RegExp[]]>([
    [
      'nothing at all',
      { landlock: unable, seccomp: unable, namespaces: noNamespaces },
      'nowhere',
      [/open every file/, /unix socket/, /network$/, /trace/, /signals/],
    ],
    ['no namespaces, a machine that connects', { namespaces: noNamespaces }, 'by-path', [/unix socket/]],
    ['no namespaces, a machine that does not', { namespaces: noNamespaces }, 'nowhere', []],
    ['no namespaces, and slirp', { namespaces: noNamespaces }, 'anywhere', [/unix socket/]],
    ['no Landlock', { landlock: unable }, 'by-path', []],
    [
      'an old Landlock alone',
      { landlock: { usable: true, abi: 4 }, seccomp: unable, namespaces: noNamespaces },
      'nowhere',
      [/unix socket/, /except TCP/, /signals/],
    ],
  ])('leave gaps: %s', (_, abilities, connects, gaps) => {
    const found = layersOf({ connects, longestFile: undefined }, { ...everyLayer, ...abilities }).gaps;
    expect(found).toEqual(gaps.map((gap) => expect.stringMatching(gap) as string));
  });

  it('that the host lacks are not requested', () => {
    const nothing = { landlock: unable, seccomp: unable, namespaces: noNamespaces };
    expect(optionsFor({ readOnly: ['/image'] }, nothing)).toEqual(['--limit', 'core=0']);
    const older = { ...everyLayer, landlock: { usable: true, abi: 3 } as const };
    expect(optionsFor({}, older)).not.toContain('--landlock-scope');
    expect(optionsFor({}, older)).not.toContain('--landlock-deny-tcp');
  });
});
