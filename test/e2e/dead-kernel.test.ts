import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../fixtures/guests/boot-sectors.ts';
import { until } from '../until.ts';
import { type Home, makeHome } from './named/home.ts';

/** A kernel without memory may also reclaim pages for ever; one without a root file system always panics. */
const PANIC = ['--append', 'rdinit=/none', '-m', '96M', '--net', 'none'] as const;

describe('a guest whose kernel panics', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
  });
  afterAll(async () => home.close());

  it('is rejected when its memory cannot be enough', async () => {
    const { status, stderr } = await home.vmlet('run', '-m', '64M', 'micro', '--', 'true');
    expect(status).toBe(125);
    expect(stderr).toMatch(/-m: 64 MiB is too small: the kernel and its initramfs take \d+/);
    expect(stderr).toContain('256M');
  });

  it('makes vmlet run print the kernel’s panic', async () => {
    const { status, stderr } = await home.vmlet('run', ...PANIC, 'micro', '--', 'true');
    expect(status).toBe(125);
    expect(stderr).toContain("the guest's kernel panicked: ");
    expect(stderr).toContain('if the guest needs more than 96 MiB of memory, add --memory 1G');
  });

  it('makes vmlet start fail with the kernel’s panic, and leaves no process', async () => {
    await home.vmlet('create', 'small', '--image', 'micro', ...PANIC);
    const { status, stderr } = await home.vmlet('start', 'small');
    expect(status).toBe(125);
    expect(stderr).toContain('machine "small" did not become ready: the guest\'s kernel panicked: ');
    await until(() => home.processes().length === 0);
  });

  it('ends vmlet wait with the panic, whether wait began before or after; a wait for a log line gets the line', async () => {
    const image = join(home.path, 'dead.raw');
    writeFileSync(image, bootSectors.deadKernel);
    await home.vmlet('create', 'dead', '--image', `${image},format=raw`, '-m', '32M', '--net', 'none');
    await home.vmlet('start', 'dead');
    const first = await home.vmlet('wait', 'dead', '--for', 'agent');
    expect(first.status).toBe(125);
    expect(first.stderr).toContain(
      'machine "dead" did not become ready: the guest\'s kernel panicked: no room',
    );
    expect((await home.vmlet('wait', 'dead', '--for', 'log=no room')).status).toBe(0);
    expect((await home.vmlet('wait', 'dead', '--for', 'agent')).stderr).toContain('no room');
  });
});
