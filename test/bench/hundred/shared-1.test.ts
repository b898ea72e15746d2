import { afterAll, beforeAll, test } from 'vitest';
import { createTemplate } from '../../../src/index.ts';
import { TestMachine } from '../../../src/testing/index.ts';
import { FIFTY, writeAndRead } from './fifty.ts';

let vm: TestMachine;

beforeAll(async () => {
  const template = await createTemplate({ name: 'bench-shared', existing: 'reuse' });
  vm = new TestMachine(await template.fork());
});
afterAll(async () => vm[Symbol.asyncDispose]());

for (const name of FIFTY) test(name, async () => writeAndRead(vm, name));
