import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { removeTemplate } from '../../src/index.ts';
import { temporaryDirectory } from '../directory.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';
import type { GuestSetup } from '../../src/testing/guests/guest-setup.ts';
import { releaseTemplates, templateOf } from '../../src/testing/guests/shared-templates.ts';

/** Templates of tests begin as kept guests: only the first of a host boots. */

const directory = temporaryDirectory();
const guests = join(directory, 'vmlet/guests');
copyProbedHost(join(directory, 'vmlet'));

afterEach(() => vi.unstubAllEnvs());

/** Whether the guest of its template was restored, and not booted. */
async function isFork(setup: GuestSetup): Promise<boolean> {
  const template = await templateOf(setup);
  try {
    await using vm = await template.fork();
    expect((await vm.exec(['cat', '/root/mark'])).stdout.toString()).toBe('warm\n');
    return template.plan.incoming;
  } finally {
    if (setup.prepare) await releaseTemplates([setup]);
    else removeTemplate(template.name);
  }
}

it('the templates of tests are forks of one kept guest, unless VMLET_FRESH=1 or `kept` says otherwise', async () => {
  vi.stubEnv('XDG_CACHE_HOME', directory);
  vi.stubEnv('VMLET_FRESH', '');
  const memory = '96M';
  const prepare: GuestSetup['prepare'] = async (vm) => vm.writeFile('/root/mark', 'warm\n');
  expect(await isFork({ memory, prepare })).toBe(true);
  const kept = (): string[] =>
    readdirSync(guests)
      .filter((name) => !name.startsWith('.'))
      .map((name) => readlinkSync(join(guests, name)));
  const before = kept();
  expect(before).toHaveLength(1);
  // Another guest with the same options, as in another file or a later run.
  expect(await isFork({ memory, prepare })).toBe(true);
  expect(await isFork({ memory, run: `echo warm >/root/mark; : ${process.pid}` })).toBe(true);
  expect(kept()).toEqual(before);
  expect(await isFork({ memory, prepare, kept: 'ignore' })).toBe(false);
  vi.stubEnv('VMLET_FRESH', '1');
  expect(await isFork({ memory, prepare })).toBe(false);
  expect(kept()).toEqual(before);
});
