import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/process/program.ts';
import { temporaryDirectory } from '../../directory.ts';
import { makeProject } from './project.ts';

const directory = temporaryDirectory();
const TOOLS = ['bash', 'dirname', 'sed', 'sort', 'head'];

/**
 * Runs the quickstart where the installation of packages fails with status 7.
 * @param node the version of Node; undefined for none.
 */
function start(node: string | undefined, hasNpm: boolean): { status: number | null; stderr: string } {
  const project = makeProject(directory, ['scripts/quickstart', 'package.json'], {
    'scripts/install-needs': '#!/bin/sh\nexit 7\n',
    ...(node !== undefined && { 'bin/node': `#!/bin/sh\necho ${node}\n` }),
    ...(hasNpm && { 'bin/npm': '#!/bin/sh\n' }),
  });
  const bin = join(project, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const tool of TOOLS) symlinkSync(findProgram(tool) ?? tool, join(bin, tool));
  return spawnSync(join(project, 'scripts/quickstart'), { encoding: 'utf8', env: { PATH: bin } });
}

describe('scripts/quickstart', () => {
  it.each([
    ['no node', undefined, true],
    ['no npm', 'v20.19.0', false],
    ['Node v18.20.4', 'v18.20.4', true],
    ['Node v20.9.0', 'v20.9.0', true],
  ])('installs nothing with %s, and says what it needs', (found, node, hasNpm) => {
    const { status, stderr } = start(node, hasNpm);
    expect(stderr).toMatch(
      new RegExp(`^vmlet: needs Node 20\\.19 or newer with npm, and found ${found}\\n  install it: `),
    );
    expect(status).toBe(125);
  });

  it.each(['v20.19.0', 'v20.20.1', 'v24.1.0'])('begins with Node %s', (node) => {
    expect(start(node, true)).toMatchObject({ status: 7, stderr: '' });
  });
});
