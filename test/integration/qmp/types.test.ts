import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generateTypes, introspect } from '../../../src/qmp/index.ts';
import { failureOf } from './qemu.ts';

const committed = new URL('../../../src/qmp/protocol/protocol.gen.ts', import.meta.url);

test('the committed types match this QEMU if it is the version that they were generated from', async (context) => {
  const { schema, source } = await introspect('qemu-system-x86_64');
  const text = await readFile(committed, 'utf8');
  const generated = generateTypes(schema, source);
  if (!text.startsWith(generated.slice(0, generated.indexOf('\n')))) {
    context.skip(
      `the types come from another build: "${text.slice(0, text.indexOf('\n'))}", here is ${source}`,
    );
  }
  expect(generated).toBe(text);
});

test('a missing program, and one that is not QEMU, are errors with their reason', async () => {
  expect(await failureOf(introspect('qemu-system-nonsense'))).toMatchObject({
    code: 'VMLET_MISSING_PROGRAM',
  });
  expect(await failureOf(introspect('/bin/false'))).toMatchObject({ code: 'VMLET_QMP_CRASHED' });
});
