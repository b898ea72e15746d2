import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { QmpClient } from '../../src/qmp/index.ts';
import { run } from '../../src/process/run.ts';
import { supervise } from '../../src/process/supervise.ts';
import { Scope } from '../../src/util/scope.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, type DebianGuest, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';
import { makeTemporaryDirectory } from '../directory.ts';

const BOOT_TIMEOUT_MS = 600_000;

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('the Debian guest of the tests', () => {
  let guest: DebianGuest;
  let directory = '';

  beforeAll(async () => {
    guest = await debianGuest();
    const made = makeTemporaryDirectory();
    directory = made.path;
    return made.remove;
  }, DEBIAN_GUEST_TIMEOUT_MS);

  it(
    'starts by its own boot loader, logs in root on the serial port and powers off by the power button',
    async () => {
      const overlay = join(directory, 'overlay.qcow2');
      await run(['qemu-img', 'create', '-f', 'qcow2', '-F', guest.format, '-b', guest.path, overlay]);
      await using scope = new Scope();
      const disk = { driver: 'qcow2', 'node-name': 'disk', file: { driver: 'file', filename: overlay } };
      // One vCPU: with two, one occasionally waits half a minute for the other under TCG.
      const qemu = supervise(
        [
          'qemu-system-x86_64',
          ...['-nodefaults', '-machine', 'q35', '-accel', 'tcg'],
          ...['-m', '512', '-display', 'none', '-no-reboot'],
          ...['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'],
          ...['-chardev', 'socket,id=serial,fd=4', '-serial', 'chardev:serial'],
          ...['-blockdev', JSON.stringify(disk), '-device', 'virtio-blk-pci,drive=disk'],
          ...['-device', 'virtio-rng-pci'],
        ],
        { environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }, descriptors: ['pipe', 'pipe'] },
        scope,
      );
      const serial = qemu.connections.get(4)!;
      let printed = '';
      const prompt = new Promise<void>((resolve) => {
        serial.setEncoding('utf8').on('data', (text: string) => {
          printed += text;
          if (printed.includes('root@debian:~#')) resolve();
        });
      });
      await using qmp = await QmpClient.negotiate(qemu.connections.get(3)!);
      const failed = qemu.exited.then((status) => {
        throw new Error(
          `QEMU ended: ${JSON.stringify(status)} ${qemu.output.last(5).join('\n')}\n${printed}`,
        );
      });
      await Promise.race([prompt, failed]);
      expect(printed).toMatch(
        /GRUB starts Debian[^]*Linux version[^]*debian login: root \(automatic login\)/,
      );

      failed.catch(() => undefined);
      const shutdown = qmp.waitFor('SHUTDOWN');
      await qmp.execute('system_powerdown');
      expect((await shutdown).data).toEqual({ guest: true, reason: 'guest-shutdown' });
      expect(await qemu.exited).toEqual({ exitCode: 0, signal: undefined });
      expect(printed).toContain('reboot: Power down');
    },
    BOOT_TIMEOUT_MS,
  );
});
