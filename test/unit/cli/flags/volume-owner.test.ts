import { expect, it } from 'vitest';
import { ownedByUser } from '../../../../src/cli/flags/volume-owner.ts';

it.each([
  ['./a:/b', '1000', './a:/b:uid=1000'],
  ['./a:/b', '1000:50', './a:/b:uid=1000,gid=50'],
  ['./a:/b:ro', '1000', './a:/b:ro,uid=1000'],
  ['./a:/b:', '0', './a:/b:uid=0'],
  ['./a:/b:ro,uid=7', '1000', './a:/b:ro,uid=7'],
  ['./a:/b:ids=host', '1000', './a:/b:ids=host'],
  ['./uid=a:/b', '1000', './uid=a:/b:uid=1000'],
  ['./a:/b:c:d', '1000', './a:/b:c:d'],
  ['./a:/b', 'www-data', './a:/b'],
  ['./a:/b', undefined, './a:/b'],
])('-v %s for the user %s: %s', (text, user, expected) => {
  expect(ownedByUser({ volume: [text], ...(user !== undefined && { user }) }).volume).toEqual([expected]);
});

it('applies to --mount too, and does not change other flags', () => {
  const flags = { mount: ['src=/a,dst=/b', 'src=/a,dst=/c,gid=1'], user: '5', memory: '1G' };
  expect(ownedByUser(flags)).toEqual({ ...flags, mount: ['src=/a,dst=/b,uid=5', 'src=/a,dst=/c,gid=1'] });
  expect(ownedByUser({ user: '5' })).toEqual({ user: '5' });
});
