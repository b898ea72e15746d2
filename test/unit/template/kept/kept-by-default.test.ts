import { expect, it } from 'vitest';
import { keptByDefault } from '../../../../src/template/kept/kept-by-default.ts';

it.each([
  [{}, 'use'],
  [{ VMLET_FRESH: '' }, 'use'],
  [{ VMLET_FRESH: '0' }, 'use'],
  [{ VMLET_FRESH: 'False' }, 'use'],
  [{ VMLET_FRESH: '1' }, 'ignore'],
  [{ VMLET_FRESH: 'yes' }, 'ignore'],
])('with %j, the default is %s', (environment, kept) => {
  expect(keptByDefault(environment)).toBe(kept);
});
