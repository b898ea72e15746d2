import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { probePasst } from '../../../../src/host/programs/passt.ts';
import type { PasstFeatures } from '../../../../src/host/survey/host.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

/** Probes a passt that does this when it is started for a guest. */
async function probeScript(start: string, help = '  -F, --fd FD'): Promise<PasstFeatures> {
  const { path: directory, remove } = makeTemporaryDirectory();
  onTestFinished(remove);
  const path = join(directory, 'passt');
  const script = `#!/bin/sh
case $1 in
  --help) echo '${help}' ;;
  --version) echo 'passt unknown version' >&2; exit 1 ;;
  *) ${start} ;;
esac
`;
  writeFileSync(path, script, { mode: 0o755 });
  return probePasst(path, undefined);
}

describe('probePasst', () => {
  it('detects that the host’s passt runs', async () => {
    const features = await probePasst(requireProgram('passt'), undefined);
    expect(features).toMatchObject({
      hasFd: true,
      problem: undefined,
      version: expect.stringMatching(/\d/) as string,
    });
  });

  it('detects a passt that has every feature and does not start', async () => {
    const path = join(import.meta.dirname, '../../../../fixtures/host/passt-without-namespaces');
    expect(await probePasst(path, undefined)).toEqual({
      path,
      version: '2025_01_01.0000000',
      hasFd: true,
      hasVhostUser: true,
      completesHandshakes: true,
      problem: "Couldn't create user namespace: Operation not permitted",
    });
  });

  it('gives passt a connection that ends, since passt of 2023 does not exit on /dev/null', async () => {
    const features = await probeScript('cat <&3');
    expect(features).toMatchObject({ hasFd: true, hasVhostUser: false, problem: undefined });
    expect(features.version).toBe('unknown version');
  });

  it('reports the option that an old passt does not know, not the end of its help', async () => {
    const { problem } = await probeScript(
      `printf "%s: unrecognized option '--mac-addr'\\nUsage: passt\\n    default: none\\nend\\n" passt >&2; exit 1`,
    );
    expect(problem).toBe("passt: unrecognized option '--mac-addr'");
  });

  it('omits the messages of passt 2023 about the system log', async () => {
    const said = `echo 'External interface not usable' >&2; echo 'Failed to send 36 bytes to syslog' >&2; exit 1`;
    expect((await probeScript(said)).problem).toBe('External interface not usable');
  });

  it('reports why a passt without its libraries cannot run', async () => {
    const { path: directory, remove } = makeTemporaryDirectory();
    onTestFinished(remove);
    const path = join(directory, 'passt');
    writeFileSync(path, '#!/bin/sh\necho "libx.so: cannot open" >&2; exit 127\n', { mode: 0o755 });
    expect(await probePasst(path, undefined)).toMatchObject({
      hasFd: false,
      problem: 'libx.so: cannot open',
    });
    writeFileSync(path, '#!/bin/sh\nkill -SEGV $$\n', { mode: 0o755 });
    expect((await probePasst(path, undefined)).problem).toContain('SIGSEGV');
  });

  it('reports the exit status of a passt that prints nothing', async () => {
    expect((await probeScript('exit 3')).problem).toBe('it exited with status 3');
  });
});
