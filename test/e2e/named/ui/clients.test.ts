import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Started } from '../../command.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

const root = join(import.meta.dirname, '../../../..');

describe('examples/http-api', () => {
  let home: Home;
  let ui: Started | undefined;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    home = await makeHome();
    const started = home.start(['ui', '--no-open']);
    ui = started;
    const file = await until(() => /token for the HTTP API: (.*)\n/.exec(started.stderr())?.[1]);
    const address = await until(() => /^http:\S+(?=\n)/.exec(started.stdout())?.[0]);
    env = { VMLET_URL: new URL(address).origin, VMLET_TOKEN_FILE: file };
  });
  afterAll(async () => {
    ui?.process.kill('SIGINT');
    await ui?.finished;
    await home.close();
  });

  test.each([
    ['client.ts', 'example-ts', process.execPath, ['--import', 'tsx']],
    ['client.py', 'example-py', 'python3', []],
  ])('%s makes, uses and removes a machine', async (file, name, program, words) => {
    const { stdout } = await execa(program, [...words, join(root, 'examples/http-api', file)], {
      cwd: root,
      env,
    });
    expect(stdout.split('\n')).toEqual([
      'machines: none',
      `vmlet create ${name} --image micro`,
      `vmlet start ${name}: done`,
      'uname -sm: Linux x86_64',
      expect.stringContaining(`vmlet stop ${name}: `),
      `vmlet rm --storage ${name}: done`,
    ]);
    expect(home.machines()).toEqual([]);
  });
});
