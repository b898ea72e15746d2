import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { GuestAgent } from '../../../src/guest/agent/agent.ts';
import { type LaunchOptions, dryRun } from '../../../src/index.ts';
import { configureGuest, mountAll } from '../../../src/machine/launch/configure-guest.ts';
import { until } from '../../until.ts';

export interface Peer extends AsyncDisposable {
  readonly pid: number;
  readonly agent: GuestAgent;
}

let count = 0;

/**
 * Starts the same guest by hand, with another tool's virtiofsd for its directory.
 * @param virtiofsd options in place of vmlet's, after the socket and the directory; undefined only leaves out its
 *   confinement.
 */
export async function startPeer(
  options: LaunchOptions,
  directory: string,
  virtiofsd: readonly string[] | undefined,
): Promise<Peer> {
  const { plan, script: dry } = await dryRun(options);
  // All dry runs of a process have the same directory.
  const script = dry.replaceAll(`by-hand-${process.pid}`, `by-hand-${process.pid}-${count++}`);
  const shared = `--shared-dir=${directory}`;
  const line = script.split('\n').find((one) => one.includes(`${shared} `));
  const [own, program, socket] = /(\S+virtiofsd) (--socket-path=\S+).*(?= &$)/.exec(line ?? '') ?? [];
  if (line === undefined || program === undefined || socket === undefined) {
    throw new Error(`the dry run starts no virtiofsd for ${directory}`);
  }
  const command = virtiofsd ? [program, socket, shared, ...virtiofsd].join(' ') : own;
  const byHand = script.replace(line, `${command} &`);
  const shell = spawn('sh', ['-c', byHand], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  const ended = once(shell, 'exit');
  const pid = shell.pid ?? 0;
  const stop = async (): Promise<void> => {
    // QEMU, its virtiofsds and the shell, which removes their directory.
    process.kill(-pid, 'SIGINT');
    await ended;
  };
  try {
    const path = /path=([^,"]+agent\.sock)/.exec(script)?.[1] ?? '';
    const endedEarly = ended.then(() => {
      throw new Error('the guest by hand has ended');
    });
    await Promise.race([until(() => existsSync(path)), endedEarly]);
    endedEarly.catch(() => undefined);
    const agent = await GuestAgent.attach(connect(path));
    await configureGuest(agent, plan, {});
    // The agent drops the guest's cached data before each command for vmlet alone.
    const kept = plan.shares.map((share) => ({ ...share, cache: 'always' as const }));
    await mountAll(agent, virtiofsd ? { ...plan, shares: kept } : plan);
    return { pid, agent, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
