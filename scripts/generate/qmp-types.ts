/** Writes src/qmp/protocol/protocol.gen.ts from a QEMU binary: npx tsx scripts/generate/qmp-types.ts [qemu-system-x86_64] */
import { writeFile } from 'node:fs/promises';
import { generateTypes } from '../../src/qmp/schema/generate-types.ts';
import { introspect } from '../../src/qmp/schema/introspect.ts';

const { schema, source } = await introspect(process.argv[2] ?? 'qemu-system-x86_64');
const target = new URL('../../src/qmp/protocol/protocol.gen.ts', import.meta.url);
await writeFile(target, generateTypes(schema, source));
console.log(`wrote ${target.pathname} from ${source}`);
