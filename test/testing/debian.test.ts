import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  GuestUnitError,
  type TemporaryTemplate,
  WaitTimedOutError,
  createTemplate,
} from '../../src/index.ts';
import { TestMachine, matchers } from '../../src/testing/index.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Long enough for several checks by systemctl, also without KVM on a busy host. */
const SHORT_MS = 20_000;

const UNITS = `
put() { cat > /etc/systemd/system/$1; }
put slow.service <<END
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'echo tick 1; sleep 1; echo tick 2'
END
put broken.service <<END
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo the reason why >&2; exit 3'
END
put web.socket <<END
[Socket]
ListenStream=8080
Service=slow.service
END
systemctl daemon-reload
systemctl start web.socket redis-server
redis-cli set answer 41`;

describe.skipIf(missing !== undefined)('a fork of a guest with systemd', () => {
  let template: TemporaryTemplate;
  let vm: TestMachine;
  beforeAll(async () => {
    const { path } = await debianGuest();
    template = await createTemplate({ image: path, memory: '512M', run: UNITS });
    vm = new TestMachine(await template.fork({ name: 'one' }));
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(async () => {
    await vm[Symbol.asyncDispose]();
    await template.remove();
  });

  it('can be waited for by its units', async () => {
    await vm.sh`systemctl start --no-block slow.service`;
    await vm.waitFor.unit('slow.service');
    await expect(vm.waitFor.unit('absent')).rejects.toThrow('absent does not exist in the guest');
    const broken = await vm.sh`systemctl start broken`.catch((error: unknown) => error);
    expect(broken).toHaveProperty('message', expect.stringContaining('broken.service'));
    const failure = await vm.waitFor.unit('broken').catch((error: unknown) => error as GuestUnitError);
    expect(failure).toBeInstanceOf(GuestUnitError);
    expect((failure as GuestUnitError).message).toMatch(
      /^broken is failed \(failed, result exit-code\) in the guest; journal:/,
    );
    expect((failure as GuestUnitError).journal).toContain('the reason why');
    await vm.waitFor.unit('broken', { state: 'failed' });
  });

  it('can be waited for by lines of its journal', async () => {
    expect(await vm.waitFor.log(/tick \d/, { journal: 'slow.service' })).toBe('tick 1');
    await vm.sh`(sleep 0.5; logger said later) >/dev/null 2>&1 &`;
    expect(await vm.waitFor.log(/said later/, { journal: true })).toBe('said later');
  });

  it.concurrent('reports its last state when a wait for a unit times out', async () => {
    await expect(vm.waitFor.unit('slow', { state: 'failed', timeoutMs: SHORT_MS })).rejects.toThrow(
      /last seen: slow is active \(exited\)$/,
    );
  });

  it.concurrent('is not waited for without end for a line of its journal', async () => {
    await expect(vm.waitFor.log(/never/, { journal: 'slow.service', timeoutMs: SHORT_MS })).rejects.toThrow(
      WaitTimedOutError,
    );
  });

  it('can be checked by its units and sockets', async () => {
    const unit = async (name: string, state?: string) => matchers.toHaveUnit.call({}, vm, name, state);
    expect((await unit('slow.service')).pass).toBe(true);
    expect((await unit('broken', 'failed')).pass).toBe(true);
    const not = await unit('absent');
    expect(not.pass).toBe(false);
    expect(not.message()).toBe(
      'expected one to have absent active; absent is not loaded (not-found, Unit absent.service not found)',
    );
    expect((await matchers.toListenOn.call({}, vm, 8080)).pass).toBe(true);
  });

  it('differs from the next fork, whose database answers at once', async () => {
    await using other = new TestMachine(await template.fork({ name: 'two' }));
    for (const one of [other, vm]) expect((await one.sh`redis-cli incr answer`).stdout).toBe('42');
    for (const one of [vm, other])
      await one.waitFor.command('systemctl is-system-running | grep -E "running|degraded"');
    const ids = await Promise.all(
      [vm, other].map(async (one) => (await one.sh`cat /etc/machine-id; hostname`).lines),
    );
    expect(ids[0]?.[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[0]?.[0]).not.toBe(ids[1]?.[0]);
    expect(ids.map((lines) => lines[1])).toEqual(['one', 'two']);
  });
});
