import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { MachineStore } from '../../machines/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

export function cpCommand(): Command {
  return new Command('cp')
    .description(
      'Copies one file into a machine or out of it, with its permission bits, by vmlet’s agent or QEMU’s. With vmlet’s ' +
        'agent the target appears only when it is complete; a source in the machine that changes its size meanwhile is ' +
        'an error (except files of /proc and /sys). Write a local name that contains a colon with a slash: ./a:b.',
    )
    .argument('<file>', 'source: NAME:/PATH in a machine, or a local file')
    .argument('<path>', 'target: a local path, or NAME:/PATH; a directory takes the file')
    .option('--timeout <time>', 'how long to wait for the agent (default: 30s)', durationMs)
    .action(copy);
}

async function copy(
  source: string,
  target: string,
  { timeout }: { readonly timeout?: number },
): Promise<void> {
  const from = parsePlace(source);
  const to = parsePlace(target);
  if ((from.machine === undefined) === (to.machine === undefined)) {
    throw new InvalidInputError('cp', 'exactly one of source and target must be in a machine (NAME:/PATH)', {
      hint: 'for example: vmlet cp ./file web:/root/',
    });
  }
  const live = new MachineStore().get(from.machine ?? to.machine ?? '').live();
  await untilInterrupted(async (signal) => {
    await (from.machine === undefined
      ? live.copyIn(from.path, to.path, { timeoutMs: timeout, signal })
      : live.copyOut(from.path, to.path, { timeoutMs: timeout, signal }));
  });
}

/** A machine's name has no slash, so a slash before the colon makes it a local path. */
function parsePlace(text: string): { readonly machine: string | undefined; readonly path: string } {
  const [, machine, path] = /^([^:/]+):(.*)$/s.exec(text) ?? [];
  return machine === undefined || path === undefined ? { machine: undefined, path: text } : { machine, path };
}
