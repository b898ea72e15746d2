import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type LayerRecipe, layerSteps, stepInputs } from '../../../../src/machine/build/build-layer-steps.ts';
import { temporaryDirectory } from '../../../directory.ts';

const nothing: LayerRecipe = { include: [], run: [], environment: {}, sizeBytes: undefined };
const setup = { name: './setup.sh', content: 'echo hi\n' };
const BASE = 'a'.repeat(64);

async function only(recipe: Partial<LayerRecipe>) {
  const [step, ...more] = await layerSteps({ ...nothing, ...recipe });
  if (!step || more.length > 0) throw new Error('expected one step');
  return step;
}

async function inputsOf(recipe: Partial<LayerRecipe>, base = BASE): Promise<string> {
  return stepInputs(base, await only({ run: [setup], ...recipe }));
}

describe('the steps of a layer', () => {
  const directory = temporaryDirectory();

  it('install packages first, each once, then run the scripts in order', async () => {
    const file = join(directory, 'from a file.sh');
    writeFileSync(file, '#!/bin/bash\n');
    const steps = await layerSteps({
      ...nothing,
      include: ['nginx', 'g++', 'nginx'],
      run: [setup, { path: file }],
    });
    expect(steps.map(({ title, fileName }) => [title, fileName])).toEqual([
      ['the installation of g++, nginx', 'install-packages'],
      ['./setup.sh', 'setup.sh'],
      [file, 'from_a_file.sh'],
    ]);
    expect(Buffer.from(steps[0]?.content ?? []).toString()).toContain("set -- 'g++' 'nginx'\n");
    expect(Buffer.from(steps[2]?.content ?? []).toString()).toBe('#!/bin/bash\n');
  });

  it.each(['..', '/', '', 'dir/'])('give a script named %j a valid file name', async (name) => {
    const { fileName } = await only({ run: [{ name, content: 'true' }] });
    expect(fileName).toMatch(/^(script|dir)$/);
  });

  it('include everything that the result depends on in the digest', async () => {
    const digest = await inputsOf({});
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await inputsOf({ run: [{ ...setup, name: 'elsewhere/setup.sh' }] })).toBe(digest);
    expect(await inputsOf({ environment: { A: '1', B: '2' } })).toBe(
      await inputsOf({ environment: { B: '2', A: '1' } }),
    );
    const different = await Promise.all([
      inputsOf({}, 'b'.repeat(64)),
      inputsOf({ run: [{ ...setup, content: 'echo ho\n' }] }),
      inputsOf({ run: [{ ...setup, name: 'other.sh' }] }),
      inputsOf({ environment: { A: '1' } }),
      inputsOf({ environment: { A: '2' } }),
      inputsOf({ sizeBytes: 2 ** 30 }),
    ]);
    expect(new Set([digest, ...different]).size).toBe(different.length + 1);
  });

  it.each<[string, Partial<LayerRecipe>, RegExp]>([
    ['no steps', {}, /^run: no script and no packages given/],
    ['a missing script', { run: [{ path: '/no/such' }] }, /^run: no such file: \/no\/such$/],
    [
      'a package name that is an option',
      { include: ['--force'] },
      /^include: invalid package name "--force"/,
    ],
    ['a package name with a quote', { include: ["a'b"] }, /^include: invalid package name "a'b"/],
    ['an empty package name', { include: [''] }, /^include: invalid package name ""/],
    ['a variable with a space', { run: [setup], environment: { 'A B': '' } }, /^env: invalid variable "A B"/],
    ['a value with a NUL', { run: [setup], environment: { A: '\0' } }, /^env: invalid variable "A"/],
  ])('reject %s', async (_what, recipe, message) => {
    const failure = layerSteps({ ...nothing, ...recipe });
    await expect(failure).rejects.toThrow(InvalidInputError);
    await expect(failure).rejects.toThrow(message);
  });
});
