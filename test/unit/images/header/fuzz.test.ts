import { describe, expect, it } from 'vitest';
import { fuzz, soundImages } from '../../../../fixtures/images/hostile/fuzz.ts';

/** `npx tsx test/hardening/fuzz/image-headers.ts` runs longer. */
const CASES = 4000;

describe('mutated images', () => {
  it.each([1, 2])(
    'are accepted or rejected after little reading, never for another file (seed %i)',
    async (seed) => {
      const taken = new Set<string>();
      let cases = 0;
      for await (const { accepted, violations } of fuzz(seed, soundImages())) {
        expect(violations, `case ${cases}`).toEqual([]);
        if (accepted) taken.add(accepted.format);
        cases += 1;
        if (cases === CASES) break;
      }
      // Without accepted mutations the test would show little.
      expect([...taken].sort()).toEqual(['iso', 'qcow2', 'qed', 'raw', 'vdi', 'vhdx', 'vmdk', 'vpc']);
    },
  );
});
