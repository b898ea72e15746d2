/** Assembles native/kvm-proof/proof.S into src/host/kvm/kvm-proof.gen.ts, so that no assembler is needed at run time. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleKvmProof, renderKvmProof } from '../../fixtures/host/assemble-kvm-proof.ts';

const root = join(import.meta.dirname, '../..');
writeFileSync(join(root, 'src/host/kvm/kvm-proof.gen.ts'), renderKvmProof(assembleKvmProof(root)));
