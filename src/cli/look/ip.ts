import { Command } from 'commander';
import { type GuestAddresses, MachineStore } from '../../machines/index.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLines } from '../output/say.ts';

const SOURCES: Readonly<Record<GuestAddresses['source'], string>> = {
  'vmlet-agent': 'said vmlet’s agent in it',
  'qemu-guest-agent': 'said QEMU’s agent in it',
  passt: 'what passt gives to it; no agent could be asked',
  slirp: 'what slirp gives to it; no agent could be asked',
  neighbours: 'as the host has seen it on the bridge; no agent could be asked',
};

export function ipCommand(): Command {
  return new Command('ip')
    .description(
      'Prints the addresses that a guest has, one a line, IPv4 first, and on stderr who said so. Behind passt and slirp ' +
        'they are known in the guest alone: the host reaches it through its forwards (vmlet port ls).',
    )
    .argument('<machine>', 'its name')
    .option('--json', 'print JSON')
    .action(printAddresses);
}

async function printAddresses(name: string, flags: { readonly json?: true }): Promise<void> {
  const found = await untilInterrupted(async (signal) =>
    new MachineStore().get(name).live().addresses({ signal }),
  );
  if (flags.json) {
    printJson({ version: 1, ...found });
    return;
  }
  printLines(found.addresses.map(({ address }) => address));
  note(`${name}: ${SOURCES[found.source]}`);
}
