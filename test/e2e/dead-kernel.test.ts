import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../fixtures/boot-sectors.ts';
import { type Home, makeHome } from './named/home.ts';

/** One that panics before it has a console says so only with it. */
const EARLY_WORDS = ['--append', 'earlyprintk=serial,ttyS0,115200'] as const;

describe('memory that is too small for the guest', () => {
  let home: Home;
  /** The least in MiB that is not refused: the kernel panics in it, and needs some 8 MiB more. */
  let scarce = 0;
  beforeAll(async () => {
    home = await makeHome();
    const { stderr } = await home.vmlet('run', '-m', '64M', 'micro', '--', 'true');
    // With one digit behind the point.
    scarce = Math.ceil(Number(/alone take ([\d.]+) MiB/.exec(stderr)?.[1]) + 0.05) + 16;
  });
  afterAll(async () => home.close());

  it('is rejected when it cannot be enough', async () => {
    const { status, stderr } = await home.vmlet('run', '-m', '64M', 'micro', '--', 'true');
    expect(status).toBe(125);
    expect(stderr).toMatch(/-m: 64 MiB is too small: the kernel and its initramfs alone take \d+/);
    expect(stderr).toContain('256M');
  });

  it('makes vmlet run print the kernel’s panic', async () => {
    const { status, stderr } = await home.vmlet(
      // A guest that is to be kept has a device more; with this little memory its kernel may reclaim pages for ever
      // instead of panicking.
      ...['run', '--fresh', ...EARLY_WORDS, '-m', `${scarce}M`, 'micro', '--', 'true'],
    );
    expect(status).toBe(125);
    expect(stderr).toContain("the guest's kernel panicked: ");
    expect(stderr).toContain(`${scarce} MiB of memory`);
  });

  it('makes vmlet start fail with the kernel’s panic, and leaves no process', async () => {
    await home.vmlet(
      ...['create', 'small', '--image', 'micro', ...EARLY_WORDS, '-m', `${scarce}M`, '--net', 'none'],
    );
    const { status, stderr } = await home.vmlet('start', 'small');
    expect(status).toBe(125);
    expect(stderr).toContain("small did not become ready: the guest's kernel panicked: ");
    expect(home.processes()).toEqual([]);
  });

  it('ends vmlet wait with the panic, whether wait began before or after; a wait for a log line gets the line', async () => {
    const image = join(home.path, 'dead.raw');
    writeFileSync(image, bootSectors.deadKernel);
    await home.vmlet('create', 'dead', '--image', `${image},format=raw`, '-m', '32M', '--net', 'none');
    await home.vmlet('start', 'dead');
    const first = await home.vmlet('wait', 'dead', '--for', 'agent');
    expect(first.status).toBe(125);
    expect(first.stderr).toContain("dead did not become ready: the guest's kernel panicked: no room");
    expect((await home.vmlet('wait', 'dead', '--for', 'log=no room')).status).toBe(0);
    expect((await home.vmlet('wait', 'dead', '--for', 'agent')).stderr).toContain('no room');
  });
});
