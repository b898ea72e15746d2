import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertDisk } from '../../src/images/qemu-img/qemu-img.ts';
import { run } from '../../src/process/run.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, rootFileSystemIn, whyNoDebianGuest } from '../debian-guest.ts';
import { directoryIn, temporaryDirectory } from '../directory.ts';
import { start } from '../e2e/command.ts';
import { whyNoShares } from '../e2e/virtiofsd.ts';

const missing = whyNoDebianGuest() ?? whyNoShares;
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** The packaged kernel of Debian is a bzImage; that of `micro` is not. */
describe.skipIf(missing !== undefined)('a bzImage of a distribution', () => {
  const top = temporaryDirectory();
  const project = directoryIn(top, 'project-');
  let kernel: string;
  let modules: string;

  beforeAll(async () => {
    const [raw, files] = [join(top, 'raw'), join(top, 'files')];
    const { path, format } = await debianGuest();
    await convertDisk({ from: { path, format }, to: { path: raw, format: 'raw' } });
    mkdirSync(files);
    for (const directory of ['/boot', '/usr/lib/modules'])
      await run(['debugfs', '-R', `rdump ${directory} ${files}`, rootFileSystemIn(raw)]);
    const name = readdirSync(join(files, 'boot')).find((file) => file.startsWith('vmlinuz-')) ?? '';
    kernel = join(files, 'boot', name);
    modules = join(files, 'modules', name.slice('vmlinuz-'.length));
    for (const shown of [top, project]) chmodSync(shown, 0o755);
    writeFileSync(join(project, 'file'), 'of the host\n');
  }, DEBIAN_GUEST_TIMEOUT_MS);

  it.each([
    ["the host's system", ['host'], ['of the host', 'changed']],
    ['the files of micro', [], ['none', 'changed']],
  ])('boots %s, with modules of its directory', async (_what, image, printed) => {
    expect(readFileSync(kernel).toString('latin1', 0x202, 0x206)).toBe('HdrS');
    const script = 'uname -r; cat file 2>/dev/null || echo none; echo changed >file; cat file; exit 3';
    const flags = ['--net', 'none', '--kernel', kernel, '--modules', modules, ...image];
    const running = start(['run', ...flags, '--', 'sh', '-c', script], { cwd: project });
    const { stdout, stderr, status } = await running.finished;
    const release = kernel.slice(kernel.indexOf('vmlinuz-') + 'vmlinuz-'.length);
    expect({ stdout: stdout.trim().split('\n'), stderr, status }).toEqual({
      stdout: [release, ...printed],
      stderr: '',
      status: 3,
    });
    expect(readFileSync(join(project, 'file'), 'utf8')).toBe('of the host\n');
  });
});
