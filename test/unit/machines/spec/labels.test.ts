import { expect, test } from 'vitest';
import { pairsOf } from '../../../../src/cli/flags/option-flags.ts';
import { changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';

test('a label named __proto__ is rejected, not dropped', () => {
  const labels = pairsOf(['__proto__=x']);
  const refusal = 'labels.__proto__: "x": invalid name';
  expect(() => parseCreateOptions({ name: 'm', image: 'micro', labels })).toThrow(refusal);
  expect(() => changeSpec({} as MachineSpec, { labels }, () => [])).toThrow(refusal);
  const constructor = pairsOf(['constructor=x']);
  expect(parseCreateOptions({ name: 'm', image: 'micro', labels: constructor }).labels).toEqual(constructor);
});
