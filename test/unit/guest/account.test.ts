import { expect, it } from 'vitest';
import { idsOf } from '../../../src/guest/account.ts';

const files = {
  passwd:
    'root:x:0:0:root:/root:/bin/sh\nbroken\nodd:x:nine:9::/:\nweb:x:33:34::/srv:\n1000x:x:5:6::/:\nbig:x:4294967295:1::/:\n',
  group: 'root:x:0:\nstaff:x:50:web\nodd:x:many:\n',
};

it.each([
  ['web', { uid: 33, gid: 34 }],
  ['web:staff', { uid: 33, gid: 50 }],
  ['web:7', { uid: 33, gid: 7 }],
  ['33', { uid: 33, gid: 34 }],
  ['70', { uid: 70, gid: 0 }],
  ['70:staff', { uid: 70, gid: 50 }],
  ['0:staff', { uid: 0, gid: 50 }],
  ['1000x', { uid: 5, gid: 6 }],
  ['nobody', undefined],
  ['web:nobody', undefined],
  ['web:odd', undefined],
  ['odd', undefined],
  ['big', undefined],
  ['broken', undefined],
  ['', undefined],
])('the ids of %j are %j', (user, expected) => {
  expect(idsOf(user, files)).toEqual(expected);
});

it('a guest without the files has numbers alone', () => {
  const none = { passwd: '', group: '' };
  expect(idsOf('7:8', none)).toEqual({ uid: 7, gid: 8 });
  expect(idsOf('root', none)).toBeUndefined();
});
