import { machines } from '../../../src/testing/vitest.ts';
import { FIFTY, writeAndRead } from './fifty.ts';

const test = machines({ vm: {} });

for (const name of FIFTY) test(name, async ({ vm }) => writeAndRead(vm, name));
