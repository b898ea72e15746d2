import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { launchFlags, launchSchema, templateFlags } from '../../../../src/machine/spec/launch-options.ts';
import { hardwareOptions } from '../../../../src/machine/spec/hardware-options.ts';
import { parseSpec } from '../../../../src/machine/spec/spec.ts';
import { changeFlags, changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import { createFlags } from '../../../../src/machines/spec/create-options.ts';
import { parseCreateOptions } from '../../../../src/machines/spec/new-machine.ts';
import { pendingChanges, settingsOf } from '../../../../src/machines/spec/pending-changes.ts';
import { smallSpec } from './small-spec.ts';

/** Not the default of any option. */
const CANDIDATES = [3, 'Nehalem', '3', true];

/** A value by the schema alone: what holds for these options shall hold for the next one. */
function valueOf(schema: z.ZodType): unknown {
  const accepted = [...choicesOf(schema), ...CANDIDATES].find((value) => schema.safeParse(value).success);
  if (accepted === undefined) throw new Error('extend CANDIDATES for the new option');
  return accepted;
}

function choicesOf(schema: z.ZodType): unknown[] {
  const base = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return base instanceof z.ZodEnum ? base.options.slice(-1) : [];
}

const options = Object.entries<z.ZodType>(hardwareOptions).map(
  ([name, schema]) => [name, { [name]: valueOf(schema) }] as const,
);

describe.each(options)('the hardware option %s', (name, given) => {
  it.each([
    ['a launch', launchFlags],
    ['a template', templateFlags],
    ['create', createFlags],
    ['set', changeFlags],
  ])('is a flag of %s', (_verb, flags) => {
    expect(flags.map(({ option }) => option)).toContain(name);
  });

  it('reaches a launch, a new machine and a changed one', () => {
    expect(parseSpec(launchSchema.parse(given))).toMatchObject(given);
    expect(parseCreateOptions({ name: 'm', image: 'micro', ...given })).toMatchObject(given);
    expect(changeSpec(smallSpec, given, () => []).spec).toMatchObject(given);
  });

  it('is pending until the next start of a changed machine', () => {
    const changed = changeSpec(smallSpec, given, () => []).spec;
    expect(pendingChanges(changed, settingsOf(smallSpec))).toEqual([name]);
    expect(pendingChanges(changed, settingsOf(changed))).toEqual([]);
  });
});
