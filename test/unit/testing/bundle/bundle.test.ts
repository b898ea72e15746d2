import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNetwork } from '../../../../src/machine/network/create-network.ts';
import { bundleDirectory } from '../../../../src/testing/bundle/bundle-directory.ts';
import { reproduceScript } from '../../../../src/testing/bundle/reproduce-script.ts';

describe('the directory of a bundle', () => {
  it('is the same for a test in each run, and another for each test', () => {
    const attachments = '/results';
    const names = [
      ['a.test.ts', 'web', 'answers / fast'],
      ['a.test.ts', 'web', 'answers   fast'],
      ['a.test.ts', 'web answers / fast'],
      ['a.test.ts', '…'],
      ['a.test.ts', 'x'.repeat(1000)],
      ['../../etc', '..'],
    ].map((test) => bundleDirectory(test, { attachments }));
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).toMatch(/^\/results\/a-test-ts-web-answers-fast-[0-9a-f]{8}$/);
    expect(bundleDirectory(['a.test.ts', 'web', 'answers / fast'], { attachments })).toBe(names[0]);
    for (const name of names) {
      expect(name).toBe(`/results/${basename(name)}`);
      expect(basename(name).length).toBeLessThan(120);
    }
  });
});

describe('the script that makes a machine again', () => {
  const where = { label: 'web', cwd: "/home/it's" };

  it('launches with the test’s options, without those of the test itself and secrets', () => {
    const script = reproduceScript(
      {
        kind: 'launch',
        options: {
          image: 'debian:13',
          memory: '1G',
          signal: AbortSignal.abort(),
          seed: {
            userData: '#cloud-config\npassword: hunter2\n',
            files: [{ path: '/k', content: 'hunter2' }],
          },
        },
      },
      where,
    );
    expect(script).toContain(`cd '/home/it'\\''s' || exit`);
    expect(script).toContain('await launch({\n  "image": "debian:13",\n  "memory": "1G",\n  "seed"');
    expect(script).toContain('await pauseTest({ "web": machine });');
    expect(script).toContain('Add them');
    expect(script).not.toMatch(/hunter2|signal/);
  });

  it('creates the template of a fork again, and reports what it cannot', () => {
    const named = reproduceScript(
      { kind: 'fork', template: { name: 'base', run: ['true'] }, fork: { ports: ['80'] } },
      where,
    );
    expect(named).toContain('"existing": "reuse"');
    expect(named).not.toContain('asyncDispose');
    const prepared = reproduceScript(
      { kind: 'fork', template: { name: 'base', prepare: async () => Promise.resolve() }, fork: {} },
      where,
    );
    expect(prepared).not.toContain('"name"');
    expect(prepared).toContain('template[Symbol.asyncDispose]');
    expect(prepared).toContain('its effects are missing');
    expect(prepared).not.toContain('networks');
  });

  it('reports the private networks of the test, and joins those of named machines', async () => {
    await using lan = createNetwork({ name: 'lan' });
    await using other = createNetwork({ name: 'other' });
    const options = { networks: [lan, { network: other, alias: 'db' }, 'shared:alias=db'] };
    const script = reproduceScript({ kind: 'launch', options }, where);
    expect(script).toContain('# The machine was in private networks of the test: lan, other. This script');
    expect(script).toContain('await launch({\n  "networks": [\n    "shared:alias=db"\n  ]\n});');
    const fork = { networks: [lan] };
    expect(reproduceScript({ kind: 'fork', template: {}, fork }, where)).toContain('private networks');
  });
});
