import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attempts } from '../../../fixtures/confine/attempts.ts';
import { type Machine, launch } from '../../../src/index.ts';
import { temporaryDirectory } from '../../directory.ts';

/** A handler applies to a whole host: a guest serves as one, in which vmlet-confine runs. */
describe('a host with a handler of core dumps', () => {
  const attempts = new Attempts(temporaryDirectory());
  let machine: Machine;

  beforeAll(async () => {
    machine = await launch({ net: 'none', kept: 'use' });
    for (const path of [attempts.confine, attempts.program]) {
      await machine.push(readFileSync(path), join('/bin', basename(path)), { mode: 0o755 });
    }
    await sh(
      "printf '#!/bin/sh\nstrings | grep -c in-memory > /run/handled\n' > /bin/handler; chmod 755 /bin/handler",
    );
    await sh(
      "echo '|/bin/handler' > /proc/sys/kernel/core_pattern; echo 1 > /proc/sys/kernel/core_pipe_limit",
    );
  });
  afterAll(async () => {
    await machine.kill();
  });

  async function sh(script: string, user = 'root'): Promise<string> {
    const { stdout } = await machine.exec(['sh', '-c', script], { user });
    return String(stdout).trim();
  }

  /** How often the handler’s input contains the program’s memory; undefined if no handler was started. */
  async function handled(user: string, hardLimit: string, options: string): Promise<number | undefined> {
    await sh('rm -f /run/handled');
    // With core_pipe_limit the process stays until its handler has ended.
    const attempt = `SECRET=in-memory vmlet-confine ${options} -- /bin/attempt die=11`;
    const said = await sh(`ulimit -Hc ${hardLimit}; ${attempt}; echo "status $?"`, user);
    expect(said).toBe('status 139');
    const length = await sh('cat /run/handled || true');
    return length === '' ? undefined : Number(length);
  }

  it.each(['root', 'nobody'])('runs the handler for %s even with a hard limit of 0', async (user) => {
    expect(await handled(user, '0', '')).toBeGreaterThan(0);
  });

  it('does not run the handler with core=0 if the hard limit allows 1', async () => {
    for (const [user, limit] of [
      ['root', 'unlimited'],
      ['root', '0'],
      ['nobody', 'unlimited'],
      ['nobody', '1'],
    ] as const) {
      expect(await handled(user, limit, '--limit core=0')).toBeUndefined();
    }
  });

  it('gives the handler no memory with core=0 if an ordinary user has a hard limit of 0', async () => {
    expect(await handled('nobody', '0', '--limit core=0')).toBe(0);
  });
});
