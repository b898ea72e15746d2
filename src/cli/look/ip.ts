import { Command } from 'commander';
import { type GuestAddresses, MachineStore } from '../../machines/index.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';
import { note, printJson, printLines } from '../output/say.ts';

const SOURCES: Readonly<Record<GuestAddresses['source'], string>> = {
  'vmlet-agent': 'addresses reported by vmlet’s agent',
  'qemu-guest-agent': 'addresses reported by QEMU’s guest agent',
  passt: 'addresses assigned by passt; no agent reported any',
  slirp: 'addresses assigned by slirp; no agent reported any',
  'private-network': 'addresses assigned by private networks; no agent reported any',
  neighbours: 'addresses seen by the host on bridges; no agent reported any',
};

export function ipCommand(): Command {
  return new Command('ip')
    .description(
      'Prints the addresses of a guest, one per line, IPv4 first, and their source on stderr. The host reaches those on ' +
        'bridges. It cannot reach those of passt, slirp and private networks: use port forwards (see vmlet port).',
    )
    .argument('<machine>', 'name of the machine')
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
