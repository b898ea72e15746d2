import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeBzImage, makeModule } from '../../../fixtures/images/make-elf.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { parseSpec } from '../../../src/machine/spec/spec.ts';
import { templateInputs } from '../../../src/template/template-inputs.ts';
import { temporaryDirectory } from '../../directory.ts';

const directory = temporaryDirectory();
const locations = locate({}, directory, 0);

it('are others when the kernel modules are built again in the same directory', async () => {
  const [kernel, modules] = [join(directory, 'bzImage'), join(directory, 'modules')];
  mkdirSync(modules);
  writeFileSync(kernel, makeBzImage(Buffer.from('kernel'), '6.1.0-mine'));
  const spec = parseSpec({ kernel, modules });
  const build = async (description: string): Promise<string> => {
    const words = [description, 'depends=', 'vermagic=6.1.0-mine SMP preempt mod_unload '];
    writeFileSync(join(modules, 'overlay.ko'), makeModule(words));
    return templateInputs(spec, [], 0, {}, locations);
  };
  const first = await build('description=one');
  expect(await build('description=one')).toBe(first);
  expect(await build('description=two')).not.toBe(first);
});
