import { describe, expect, it } from 'vitest';
import type { Config } from '../../../../src/machine/settings/config-schema.ts';
import {
  type KeptLimits,
  keptAgeMs,
  keptBytes,
  keptLimits,
  whyNoneKept,
} from '../../../../src/machine/settings/kept-limits.ts';

const GiB = 1024 ** 3;
const DAY_MS = 24 * 3600 * 1000;

function limits(
  environment: Readonly<Record<string, string | undefined>>,
  kept?: Config['kept'],
): KeptLimits {
  return keptLimits(environment, { kept }, '/c/config.yaml');
}

describe('the space for kept guests', () => {
  it.each([
    [undefined, undefined, 50 * GiB, 5 * GiB],
    ['', undefined, 50 * GiB, 5 * GiB],
    [undefined, undefined, 4000 * GiB, 20 * GiB],
    ['3G', undefined, 4000 * GiB, 3 * GiB],
    ['0', undefined, 4000 * GiB, 0],
    [undefined, 2 * GiB, 4000 * GiB, 2 * GiB],
    ['', 2 * GiB, 4000 * GiB, 2 * GiB],
    [undefined, 0, 4000 * GiB, 0],
    ['3G', 2 * GiB, 4000 * GiB, 3 * GiB],
    ['0', 2 * GiB, 4000 * GiB, 0],
    ['3G', 0, 4000 * GiB, 3 * GiB],
  ])(
    'with VMLET_KEPT_SIZE=%s, %s in the file and a disk of %i bytes is %i bytes',
    (text, size, disk, bytes) => {
      expect(keptBytes(limits({ VMLET_KEPT_SIZE: text }, { size }), disk)).toBe(bytes);
    },
  );

  it('names the variable that has an invalid size', () => {
    expect(() => limits({ VMLET_KEPT_SIZE: 'much' }, { size: GiB })).toThrow(
      /VMLET_KEPT_SIZE.*invalid size "much"/,
    );
  });
});

describe('the age of a kept guest', () => {
  it.each([
    [undefined, undefined, 7 * DAY_MS],
    ['0', undefined, 0],
    ['0.5', undefined, DAY_MS / 2],
    [undefined, 30, 30 * DAY_MS],
    ['', 30, 30 * DAY_MS],
    [undefined, 0, 0],
    ['1', 30, DAY_MS],
    ['0', 30, 0],
  ])('with VMLET_KEPT_DAYS=%s and %s in the file is at most %i ms', (text, days, ms) => {
    expect(keptAgeMs(limits({ VMLET_KEPT_DAYS: text }, { days }))).toBe(ms);
  });

  it.each(['soon', '-1', '7d'])('cannot be %s', (text) => {
    expect(() => limits({ VMLET_KEPT_DAYS: text })).toThrow(/VMLET_KEPT_DAYS.*expected a number of days/);
  });
});

describe('the limits allow no kept guest', () => {
  it.each<[Record<string, string>, Config['kept'], number, string | undefined]>([
    [{}, undefined, 50 * GiB, undefined],
    [{ VMLET_KEPT_SIZE: '64M', VMLET_KEPT_DAYS: '0.1' }, undefined, GiB, undefined],
    [{ VMLET_KEPT_SIZE: '0' }, undefined, 50 * GiB, 'VMLET_KEPT_SIZE is 0'],
    [{ VMLET_KEPT_DAYS: '0' }, undefined, 50 * GiB, 'VMLET_KEPT_DAYS is 0'],
    [{}, { size: 0, days: 0 }, 50 * GiB, 'kept.size in /c/config.yaml is 0'],
    [{ VMLET_KEPT_SIZE: '1G' }, { size: 0, days: 0 }, 50 * GiB, 'kept.days in /c/config.yaml is 0'],
    [{ VMLET_KEPT_SIZE: '63M' }, undefined, 50 * GiB, 'VMLET_KEPT_SIZE is less than 64 MiB'],
    [{}, undefined, GiB / 2, 'a tenth of the file system is less than 64 MiB'],
  ])('with %j, %j in the file and a disk of %i bytes: %s', (environment, kept, disk, reason) => {
    expect(whyNoneKept(limits(environment, kept), disk)).toBe(reason);
  });
});

describe('the source of a limit', () => {
  it.each<readonly [string, Record<string, string>, Config['kept'], unknown]>([
    ['nothing', {}, undefined, [undefined, undefined]],
    ['an empty object', {}, null, [undefined, undefined]],
    ['the file', {}, { size: GiB, days: 1 }, ['kept.size in /c/config.yaml', 'kept.days in /c/config.yaml']],
    [
      'one of each',
      { VMLET_KEPT_SIZE: '1G' },
      { size: GiB, days: 1 },
      ['VMLET_KEPT_SIZE', 'kept.days in /c/config.yaml'],
    ],
    [
      'the environment',
      { VMLET_KEPT_SIZE: '1G', VMLET_KEPT_DAYS: '1' },
      { size: GiB, days: 1 },
      ['VMLET_KEPT_SIZE', 'VMLET_KEPT_DAYS'],
    ],
  ])('is known for %s', (_, environment, kept, sources) => {
    const { bytes, days } = limits(environment, kept);
    expect([bytes?.source, days?.source]).toEqual(sources);
  });
});
