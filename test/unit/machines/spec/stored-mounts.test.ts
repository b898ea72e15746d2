import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { INSTALL_AGENT, InvalidInputError } from '../../../../src/errors/index.ts';
import { type MountSet, parseMounts } from '../../../../src/machine/share/mount-set.ts';
import {
  mountSetOf,
  refuseBesideMemory,
  refuseCopyingBack,
  requireAgentForCopies,
  sharesOf,
  storedMounts,
} from '../../../../src/machines/spec/stored-mounts.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = realpathSync(temporaryDirectory());

const parse = (...volumes: string[]): MountSet => parseMounts({ volumes, directory: '/home/user' });

it.each([
  ['./site:/srv/site:copy', 'vmlet cp web:/srv/site/. /home/user/site'],
  ["./it's a site:/srv/my site:copy", "vmlet cp 'web:/srv/my site/.' '/home/user/it'\\''s a site'"],
])('%s of a named machine is refused with the command that copies back', (volume, command) => {
  expect(() => refuseCopyingBack(parse('./other:/other', volume), 'web')).toThrow(
    expect.objectContaining({
      constructor: InvalidInputError,
      message: 'volumes[1]: the option copy requires the option ro for named machines',
      hint: `add ro, and copy the files back when you want them: ${command}`,
    }),
  );
});

it('directories that are shared, and copies that are not copied back, are accepted', () => {
  expect(() => refuseCopyingBack(parse('./site:/srv/site', './docs:/docs:ro,copy'), 'web')).not.toThrow();
});

it.each([
  ['cache:/cache', 'a volume cannot be used'],
  ['./site:/srv:ro,copy', 'the option copy cannot be used'],
  ['./site:/data', 'a mount at /data cannot be used'],
  ['./site:/data/site', 'a mount at /data/site cannot be used'],
])('%s is refused for a machine that begins with the memory of a template', (volume, problem) => {
  expect(() => refuseBesideMemory(parse('./other:/other', volume))).toThrow(
    expect.objectContaining({
      constructor: InvalidInputError,
      message: expect.stringContaining(`volumes[1]: ${problem} together with a template`) as string,
    }),
  );
});

it('a tmpfs on the disk of a machine that begins as a template is refused, other mounts are not', () => {
  const mounts = (target: string): MountSet =>
    parseMounts({ mounts: [`type=tmpfs,dst=${target}`], volumes: ['./a:/database'], directory: '/' });
  expect(() => refuseBesideMemory(mounts('/data/x'))).toThrow('a mount at /data/x cannot be used');
  expect(() => refuseBesideMemory(mounts('/scratch'))).not.toThrow();
});

it('copies need the agent of vmlet in the guest', () => {
  const copied = parse('./other:/other', './a site:/srv/site:ro,copy');
  expect(() => requireAgentForCopies(copied, 'web', false)).toThrow(
    expect.objectContaining({
      constructor: InvalidInputError,
      message: 'volumes[1]: machine "web" may have no vmlet-agent, which the option copy requires',
      hint: `${INSTALL_AGENT} if it has none, then copy the directory: vmlet sync '/home/user/a site' web:/srv/site`,
    }),
  );
  expect(() => requireAgentForCopies(copied, 'web', true)).not.toThrow();
  expect(() => requireAgentForCopies(parse('./other:/other'), 'web', false)).not.toThrow();
});

it('copies are stored apart from shared directories, which have devices', () => {
  for (const name of ['site', 'docs']) mkdirSync(join(directory, name));
  const volumes = ['./docs:/docs:ro,copy,uid=7,gid=8', './site:/srv/site'];
  const stored = storedMounts(parseMounts({ volumes, directory }));
  expect(stored).toEqual({
    shares: [expect.objectContaining({ source: join(directory, 'site'), target: '/srv/site' })],
    copies: [{ source: join(directory, 'docs'), target: '/docs', ids: { kind: 'squash', uid: 7, gid: 8 } }],
  });
  expect(sharesOf(stored).map(({ target }) => target)).toEqual(['/srv/site']);
  expect(mountSetOf(stored).shares).toMatchObject([
    { target: '/srv/site', copy: false },
    { field: '/docs', target: '/docs', copy: true, readOnly: true },
  ]);
});
