import { describe, expect, it } from 'vitest';
import {
  SYSTEM,
  hostSystemArguments,
  mayShow,
  shareOfHost,
} from '../../../../src/machine/share/host-system.ts';

describe('a working directory', () => {
  const homes = ['/root', '/home/alice'];

  it.each(['/home/alice/project', '/home/alicent', '/tmp/x', '/srv', '/development', '/var'])(
    '%s is shown',
    (path) => {
      expect(mayShow(path, homes)).toBe(true);
    },
  );

  it.each(['/', '/home', '/home/alice', '/root', '/proc/1', '/dev', '/sys/class'])(
    '%s is not shown',
    (path) => {
      expect(mayShow(path, homes)).toBe(false);
    },
  );
});

const user = { runsAs: { uid: 7, gid: 8 }, changesUser: false, system: ['/usr', '/etc'], workdir: undefined };

it("the host's system is a read-only share of chosen directories and the working directory", () => {
  const share = shareOfHost({ ...user, directory: '/work' });
  expect(share).toMatchObject({ source: '/host', readOnly: true, ids: { kind: 'host' }, cache: 'always' });
  expect(share.shows).toEqual(['/usr', '/etc', '/work']);
  expect(shareOfHost({ ...user, directory: undefined }).shows).toEqual(['/usr', '/etc']);
  expect(SYSTEM.filter((path) => /^\/(home|root|var$|proc|$)/.test(path))).toEqual([]);
});

describe("the virtiofsd of the host's system", () => {
  const virtiofsd = {
    path: '/virtiofsd',
    translatesIds: true,
    usesFileHandles: true,
    survivesMissingFiles: true,
    announcesMounts: true,
  };

  it('shows the files of all users as root’s, for an ordinary user', () => {
    expect(hostSystemArguments({ virtiofsd, changesUser: false })).toEqual([
      '--no-announce-submounts',
      '--translate-uid=host:65534:0:1',
      '--translate-gid=host:65534:0:1',
    ]);
    expect(hostSystemArguments({ virtiofsd, changesUser: true })).toEqual(['--no-announce-submounts']);
  });

  it('gets no unsupported options', () => {
    const older = { ...virtiofsd, announcesMounts: false, translatesIds: false };
    expect(hostSystemArguments({ virtiofsd: older, changesUser: false })).toEqual([]);
  });
});
