import { spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { GuestAgent } from '../../../src/guest/agent/agent.ts';
import type { Plan, Template } from '../../../src/index.ts';
import { qemuArguments } from '../../../src/machine/qemu/argv.ts';
import { fileChannel } from '../../../src/machine/state/state-file.ts';
import { templateFiles } from '../../../src/template/template-files.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

export interface RestoredGuest {
  readonly agent: GuestAgent;
  readonly plan: Plan;
  readonly end: () => Promise<void>;
}

/**
 * Restores a template's state as a user without vmlet would: unconfined, straight from Node, without telling the guest that
 * it is a fork. Its machine has no network that needs another process.
 * @param options of QEMU, in addition to the template's.
 */
export async function startByHand(
  template: Template,
  options: readonly string[] = [],
): Promise<RestoredGuest> {
  const { plan } = await template.dryRun();
  const files = templateFiles(template.directory);
  const { path: directory, remove } = makeTemporaryDirectory();
  const inherited = (descriptor: number) => ({ kind: 'inherited', descriptor }) as const;
  const wired: Plan = {
    ...plan,
    wiring: { ...plan.wiring, monitor: inherited(3), agent: inherited(4), console: inherited(5) },
    disks: plan.disks.map((disk) => ({ ...disk, path: join(directory, disk.nodeName) })),
  };
  for (const { nodeName, path } of wired.disks) copyFileSync(files.overlay(nodeName), path);
  const qemu = spawnProcess(wired.qemu, [...qemuArguments(wired), ...options], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: {},
  });
  const exited = once(qemu, 'exit');
  const [monitor, port] = [qemu.stdio[3] as Socket, qemu.stdio[4] as Socket];
  for (const socket of qemu.stdio.slice(3)) socket?.on('error', () => undefined);
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  for (const command of [
    { execute: 'qmp_capabilities' },
    { execute: 'migrate-set-capabilities', arguments: { capabilities } },
    // As vmlet does: otherwise the guest announces itself at the start.
    { execute: 'migrate-set-parameters', arguments: { 'announce-rounds': 0 } },
    { execute: 'migrate-incoming', arguments: { channels: [fileChannel(files.state)] } },
  ]) {
    monitor.write(JSON.stringify(command));
  }
  monitor.resume();
  return {
    agent: await GuestAgent.attach(port),
    plan,
    end: async () => {
      qemu.kill('SIGKILL');
      await exited;
      remove();
    },
  };
}

/** @returns the time until a command is answered, in milliseconds. */
export async function restoreByHand(template: Template): Promise<number> {
  const started = performance.now();
  const { agent, end } = await startByHand(template);
  await agent.exec(['true']);
  const time = performance.now() - started;
  await end();
  return time;
}
