import { describe, expect, it } from 'vitest';
import { type Confinement, type FoundPath, confine } from '../../../src/process/confine.ts';
import { landlockFlags } from '../../../src/process/landlock.ts';
import { tether } from '../../../src/process/tether.ts';

const accesses = ['execute', 'read-file', 'read-dir', 'write-file', 'truncate', 'make-reg', 'refer'];
const able = { hasNoNewPrivileges: true, landlock: { usable: true, accesses } } as const;

/** Directories are written with a slash at their end, and nothing under /missing exists. */
function find(path: string): FoundPath {
  if (path.startsWith('/missing')) return undefined;
  return { path, kind: path.endsWith('/') ? 'directory' : 'file' };
}

function rulesOf(confinement: Partial<Confinement>): string[] {
  const whole = { execute: [], readOnly: [], readWrite: [], own: [], ...confinement };
  return confine(whole, able, find).filter((flag) => flag.startsWith('path-beneath:'));
}

describe('confine', () => {
  it('always lets the shell of the tether run', () => {
    expect(rulesOf({})).toEqual(['path-beneath:execute,read-file:/bin/sh']);
  });

  it('gives files no right that only directories have', () => {
    expect(
      rulesOf({ readOnly: ['/image', '/images/'], readWrite: ['/disk'], execute: ['/qemu'] }).sort(),
    ).toEqual([
      'path-beneath:execute,read-file:/bin/sh',
      'path-beneath:execute,read-file:/qemu',
      'path-beneath:read-file,read-dir:/images/',
      'path-beneath:read-file,write-file,truncate:/disk',
      'path-beneath:read-file:/image',
    ]);
  });

  it('lets a program do everything in its own directory but execute and make devices', () => {
    const [, own] = rulesOf({ own: ['/own/'] });
    expect(own).toBe('path-beneath:read-file,read-dir,write-file,truncate,make-reg,refer:/own/');
  });

  it('leaves out what does not exist, and what is named twice', () => {
    expect(rulesOf({ readOnly: ['/missing/a', '/image', '/image'] })).toHaveLength(2);
  });

  it('passes paths on as they are', () => {
    expect(rulesOf({ readOnly: ['/a b,c:d="e"\n/f'] })).toContain('path-beneath:read-file:/a b,c:d="e"\n/f');
  });

  it('does what it can where there is less', () => {
    const nothing = { execute: [], readOnly: [], readWrite: [], own: [] };
    const landlock = { usable: false, reason: 'old' } as const;
    expect(confine(nothing, { hasNoNewPrivileges: true, landlock }, find)).toEqual(['--no-new-privs']);
    expect(confine(nothing, { hasNoNewPrivileges: false, landlock }, find)).toEqual([]);
    expect(confine(nothing, undefined, find)).toEqual([]);
  });
});

it('leaves out rules on rights that the kernel does not handle', () => {
  const rules = [
    { path: '/a', rights: ['read-file', 'truncate'] },
    { path: '/b', rights: ['truncate'] },
  ];
  expect(landlockFlags(rules, ['read-file'])).toEqual([
    '--no-new-privs',
    ...['--landlock-access', 'fs:read-file'],
    ...['--landlock-rule', 'path-beneath:read-file:/a'],
  ]);
});

it('shares one setpriv with the tether', () => {
  const argv = tether('/usr/bin/setpriv', 1, ['qemu', '-x'], ['--no-new-privs']);
  expect(argv.slice(0, 5)).toEqual(['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--no-new-privs', '/bin/sh']);
  expect(argv.slice(-2)).toEqual(['qemu', '-x']);
});
