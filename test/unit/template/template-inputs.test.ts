import { describe, expect, it } from 'vitest';
import { locate } from '../../../src/machine/paths/locations.ts';
import { parseSpec } from '../../../src/machine/spec/spec.ts';
import { findCurrentSource } from '../../../src/template/template-inputs.ts';
import { temporaryDirectory } from '../../directory.ts';

const locations = locate({}, temporaryDirectory(), 0);

/** A publisher is asked only for names of the catalogue: this one is none. */
const IMAGE = 'not-in-the-catalogue:1';

describe('the image that a template is compared with', () => {
  it.each(['missing', 'never'] as const)('is the stored one with pull: %s', async (pull) => {
    expect(await findCurrentSource(parseSpec({ image: IMAGE, pull }), {}, locations)).toBeUndefined();
  });

  it.each(['newer', 'always'] as const)('is that of the publisher with pull: %s', async (pull) => {
    await expect(findCurrentSource(parseSpec({ image: IMAGE, pull }), {}, locations)).rejects.toMatchObject({
      code: 'VMLET_IMAGE_NOT_FOUND',
    });
  });
});
