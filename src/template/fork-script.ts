import type { Host } from '../host/survey/host.ts';
import { command, diskLine, scriptOf } from '../machine/launch/dry-run.ts';
import { STANDARD_DESCRIPTORS } from '../process/confine/tether.ts';
import { switchesToHost } from '../machine/plan/guest-mounts.ts';
import { type Plan, pluggedDisks } from '../machine/plan/plan.ts';
import { quoteForShell } from '../machine/qemu/quote.ts';
import { fileChannel } from '../machine/state/state-file.ts';
import { copiesFor } from './fork-plan.ts';
import type { TemplateFiles } from './template-files.ts';
import type { TemplateRecord } from './template-record.ts';

/** Returns a shell script that starts a fork by hand, with its console on the terminal. */
export function forkScript(plan: Plan, host: Host, files: TemplateFiles, record: TemplateRecord): string {
  const preparation = [
    // Without it the guest would never be restored, and QEMU would wait for that.
    "command -v socat >/dev/null || { echo 'this script requires socat' >&2; exit 1; }",
    ...copiesFor(plan, files, record.plan).map(([from, to]) => command(['cp', from, to])),
    ...pluggedDisks(plan)
      .map(diskLine)
      .filter((line) => line !== undefined),
    ...pluggedRemark(plan),
  ];
  if (record.opensFiles) {
    const place = { channels: [fileChannel(files.state)] };
    return scriptOf(plan, host, [...preparation, restoreLine(plan, place)]);
  }
  // The first descriptor after the standard ones.
  const open = `exec ${STANDARD_DESCRIPTORS}< ${quoteForShell(files.state)}`;
  const place = { uri: `fd:${STANDARD_DESCRIPTORS}` };
  return scriptOf(plan, host, [...preparation, open, restoreLine(plan, place)], STANDARD_DESCRIPTORS + 1);
}

function pluggedRemark(plan: Plan): string[] {
  const disks = [...pluggedDisks(plan), ...plan.volumes.map(({ disk }) => disk)];
  const devices = [...plan.shares.map(({ tag }) => tag), ...disks.map(({ nodeName }) => nodeName)];
  if (devices.length === 0) return [];
  return [
    `# Not included in this script: ${devices.join(', ')}. vmlet adds these devices after it has restored the guest.`,
    ...(switchesToHost(plan)
      ? ["# The guest gets the host's system only then; --fresh prints a script that boots it."]
      : []),
  ];
}

/** Restores over the monitor: QEMU has no flag for this migration capability. */
function restoreLine({ directory }: Plan, place: object): string {
  const capabilities = [{ capability: 'x-ignore-shared', state: true }];
  const commands = [
    { execute: 'qmp_capabilities' },
    { execute: 'migrate-set-capabilities', arguments: { capabilities } },
    { execute: 'migrate-incoming', arguments: place },
  ];
  const socket = directory.monitorSocket;
  const print = command(['printf', '%s\\n', ...commands.map((one) => JSON.stringify(one))]);
  const send = command(['socat', '-t', '5', '-', `UNIX-CONNECT:${socket}`]);
  // The script ends with QEMU.
  const wait = `until [ -S ${quoteForShell(socket)} ]; do kill -0 $$ 2>/dev/null || exit 1; sleep 0.05; done`;
  return `(${wait}; ${print} | ${send} > /dev/null) &`;
}
