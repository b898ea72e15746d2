import type { Host } from '../../host/host.ts';
import { command, scriptOf } from '../dry-run.ts';
import { fileChannel } from '../migration.ts';
import type { Plan } from '../plan.ts';
import { quoteForShell } from '../quote.ts';
import { writableCopies } from './fork-plan.ts';
import type { TemplateFiles } from './template-files.ts';

/** A shell script that starts a fork by hand, with its console on the terminal. */
export function forkScript(plan: Plan, host: Host, files: TemplateFiles, origin: Plan): string {
  const copies = writableCopies(plan, files, origin).map(([from, to]) => command(['cp', from, to]));
  return scriptOf(plan, host, [...copies, restoreLine(plan, files)]);
}

/** QEMU has no flag for this capability, so that somebody has to tell it by its monitor. */
function restoreLine({ directory }: Plan, { state }: TemplateFiles): string {
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  const commands = [
    { execute: 'qmp_capabilities' },
    { execute: 'migrate-set-capabilities', arguments: { capabilities } },
    { execute: 'migrate-incoming', arguments: { channels: [fileChannel(state)] } },
  ];
  const socket = directory.monitorSocket;
  const say = command(['printf', '%s\\n', ...commands.map((one) => JSON.stringify(one))]);
  const hear = command(['socat', '-t', '5', '-', `UNIX-CONNECT:${socket}`]);
  return `(until [ -S ${quoteForShell(socket)} ]; do sleep 0.05; done; ${say} | ${hear} > /dev/null) &`;
}
