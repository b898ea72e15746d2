import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { InvalidInputError } from '../../errors/index.ts';
import { NetworkStore } from '../../machines/index.ts';
import { note } from '../output/say.ts';
import { untilInterrupted } from '../session/until-interrupted.ts';

interface Flags {
  readonly output: string;
  readonly member?: string;
}

export function networkCaptureCommand(): Command {
  return new Command('capture')
    .summary('record the traffic of a network')
    .description(
      'Records the traffic of a network in a pcap file, for tcpdump and Wireshark. Stops on Ctrl-C, or when no machine in the ' +
        'network is running.',
    )
    .argument('<network>', 'name of the network')
    .requiredOption('-o, --output <file>', 'file to write; - for standard output')
    .option('--member <machine>', 'record only frames that this machine sends or receives')
    .action(capture);
}

async function capture(name: string, { output, member }: Flags): Promise<void> {
  if (output === '-' && process.stdout.isTTY) {
    throw new InvalidInputError('--output', 'cannot write a pcap file to a terminal', {
      hint: `give the name of a file, or use a pipe: vmlet network capture ${name} -o - | tcpdump -r -`,
    });
  }
  await untilInterrupted(async (signal) => {
    const frames = await new NetworkStore().capture(name, member, { signal });
    const file = output === '-' ? process.stdout : createWriteStream(output, { mode: 0o600 });
    if (output !== '-')
      file.once('open', () =>
        note(`recording the traffic of network "${name}" in ${output}; press Ctrl-C to stop`),
      );
    try {
      // Not with the signal, which would cut the file in a frame: Ctrl-C, its usual end, ends the frames.
      await pipeline(frames, file);
    } catch (error) {
      // The reader of a pipe ends by Ctrl-C, too.
      if (!signal.aborted) throw error;
    }
  });
}
