import { networkPath } from '../api/client.ts';
import { shellCommand } from '../parts/format.ts';
import type { Asking } from '../parts/question.tsx';

/** The question before a machine loses a card. */
export function disconnectionOf(machine: string, network: string): Asking {
  return {
    title: `Disconnect ${machine} from ${network}`,
    verb: 'Disconnect',
    text: 'The machine loses its address and its connections in this network. If the machine is running, the guest must release the network card first.',
    command: shellCommand('vmlet', 'network', 'disconnect', network, machine),
    path: networkPath(network, 'disconnect'),
    body: { machine },
  };
}
