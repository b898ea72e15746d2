import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Traced, stepTracer, trace } from '../../../../fixtures/calls/step-tracer/traced.ts';
import { temporaryDirectory } from '../../../directory.ts';

const REMOVAL = join(import.meta.dirname, '../../../../dist/util/files/removal.js');
const directory = temporaryDirectory();
const tracer = await stepTracer(directory);
const outside = join(directory, 'outside');
const tree = join(directory, 'tree');

/** A program that prints the code with which the removal of the tree fails. */
const PROGRAM = `
  import { removeTree } from ${JSON.stringify(REMOVAL)};
  try { removeTree(${JSON.stringify(tree)}); } catch (error) { console.log(error.code); }
`;

async function removeTree(fault?: string): Promise<Traced> {
  mkdirSync(join(tree, 'folder'), { recursive: true });
  mkdirSync(outside, { recursive: true });
  writeFileSync(join(outside, 'kept'), '');
  writeFileSync(join(tree, 'folder/file'), '');
  if (!existsSync(join(tree, 'link'))) symlinkSync(outside, join(tree, 'link'));
  return trace(tracer, [process.execPath, '--input-type=module', '-e', PROGRAM], {
    env: { PATH: process.env['PATH'] },
    begin: REMOVAL,
    within: tree,
    fault,
    timeoutMs: 60_000,
  }).finished;
}

describe('the removal of a directory', () => {
  it('removes the contents, and not what its links point to', async () => {
    const { status, stdout } = await removeTree();
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(existsSync(tree)).toBe(false);
    expect(readdirSync(outside)).toEqual(['kept']);
  });

  it('fails with the code of the system call that failed', async () => {
    const { steps } = await removeTree();
    const ours = steps.filter(({ target }) => target.startsWith(tree));
    expect(ours.map(({ call }) => call)).toEqual([
      'open-read',
      'open-read',
      'unlink',
      'rmdir',
      'unlink',
      'rmdir',
    ]);
    for (const { number, call } of ours) {
      const { status, stdout, fault } = await removeTree(`${number}:EIO`);
      expect(fault).toMatchObject({ call });
      expect({ call, status, stdout }).toEqual({ call, status: 0, stdout: 'EIO\n' });
    }
  });

  it('succeeds if the directory does not exist', async () => {
    await removeTree();
    const { removeFile, removeTree: remove } = await import('../../../../src/util/files/removal.ts');
    remove(tree);
    removeFile(join(tree, 'file'));
    expect(() => removeFile(outside)).toThrow(/EISDIR/);
  });
});
