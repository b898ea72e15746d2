import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { probeHost } from '../../../src/host/probe.ts';
import { virtiofsdCommand, virtiofsdConfinement } from '../../../src/machine/share/confined-virtiofsd.ts';
import { shareOfHost } from '../../../src/machine/share/host-system.ts';
import { listenForProgram } from '../../../src/machine/share/listening-socket.ts';
import { findHostSystem } from '../../../src/machine/survey/find-host-system.ts';
import { planShares } from '../../../src/machine/survey/plan-shares.ts';
import { supervise } from '../../../src/process/supervise.ts';
import { Scope } from '../../../src/util/scope.ts';
import type { World } from './world.ts';

/** Starts the program as the virtiofsd of `run host`, whose own report would be cut to its last lines. */
export async function reportOfSystemShare(world: World, program: string): Promise<string> {
  const host = await probeHost({ cacheDirectory: join(world.home, '.cache') });
  const directory = join(world.directory, 'worked-in');
  mkdirSync(directory, { recursive: true });
  const socketPath = join(world.directory, 'system.sock');
  const shares = [shareOfHost(await findHostSystem(directory, [], host))];
  const [plan] = planShares(shares, host, () => socketPath);
  if (!plan) throw new Error('the host’s system has no share');
  const hostile = { ...plan, virtiofsd: { ...plan.virtiofsd, path: program } };
  await using scope = new Scope();
  const socket = await listenForProgram(socketPath);
  const said: Uint8Array[] = [];
  try {
    const virtiofsd = supervise(
      virtiofsdCommand(hostile),
      {
        environment: {},
        cwd: '/',
        descriptors: [socket.descriptor],
        confinement: virtiofsdConfinement(hostile),
        onOutput: (chunk) => said.push(chunk),
      },
      scope,
    );
    await virtiofsd.outputEnded;
  } finally {
    socket.release();
  }
  return Buffer.concat(said).toString();
}
