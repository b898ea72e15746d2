import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { probeHost } from '../../../../src/host/probe.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { shareLayers } from '../../../../src/machine/share/confined-virtiofsd.ts';
import { startShare } from '../../../../src/machine/share/running-share.ts';
import type { SharePlan } from '../../../../src/machine/share/share-plan.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

/** Serves one connection until its peer has sent something, and then fails. */
const FAILING_LATER = `
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void)
{
    char byte;
    int connection = accept(3, NULL, NULL);
    for (int line = 1; line <= 30; line++)
        printf("line %d\\n", line);
    fflush(stdout);
    if (read(connection, &byte, 1) == 1)
        fprintf(stderr, "panicked: out of ink\\n");
    return 3;
}
`;

function failingLater(): string {
  const path = join(directory, 'virtiofsd');
  execFileSync('cc', ['-x', 'c', '-o', path, '-'], { input: FAILING_LATER });
  return path;
}

it('a virtiofsd that ends after QEMU has connected is reported with its last words', async () => {
  const { confinement } = await probeHost({ cacheDirectory: ownLocations().cache });
  const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  const plan: SharePlan = {
    field: 'volumes[0]',
    source: directoryIn(directory, 'shared-'),
    target: '/s',
    readOnly: false,
    cache: 'auto',
    ids: { kind: 'squash', uid: 0, gid: 0 },
    copy: false,
    runsAs: own,
    changesUser: false,
    tag: 'share0',
    virtiofsd: {
      path: failingLater(),
      translatesIds: true,
      usesFileHandles: true,
      survivesMissingFiles: true,
      announcesMounts: true,
    },
    port: undefined,
    socketPath: join(directory, 'share0.sock'),
    layers: shareLayers({ source: directory, ids: { kind: 'host' }, readOnly: false }, confinement),
  };
  await using scope = new Scope();
  const share = await startShare(plan, scope);
  const qemu = connect(plan.socketPath);
  qemu.on('error', () => undefined);
  qemu.write('x');
  try {
    const { lastWords, ...loss } = await share.loss;
    expect(loss).toEqual({ program: 'virtiofsd', target: '/s', status: { exitCode: 3, signal: undefined } });
    expect(lastWords).toHaveLength(20);
    expect(lastWords.slice(-2)).toEqual(['line 30', 'panicked: out of ink']);
  } finally {
    qemu.destroy();
  }
});
