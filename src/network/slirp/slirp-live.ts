import { NetworkStartError } from '../../errors/index.ts';
import { explainUnboundPort } from '../ports/host-port.ts';
import { IPV4 } from '../plan/network.ts';
import { type BoundForward, formatPort } from '../ports/port.ts';

/** A running QEMU's human monitor, over QMP; an interface, because this folder may not import the client. */
export interface HumanMonitor {
  execute(name: 'human-monitor-command', args: { readonly 'command-line': string }): Promise<string>;
}

const NETDEV = 'network';

/**
 * Adds a forward to a running slirp; existing connections are kept. QMP has no command for it, and a failure
 * is only text.
 * @throws PortTakenError, PermissionError, InvalidInputError
 */
export async function addSlirpForward(monitor: HumanMonitor, forward: BoundForward): Promise<void> {
  const { protocol, hostAddress, hostPort, guestPort } = forward;
  const rule = `${protocol}:${hostAddress}:${hostPort}-${IPV4.address}:${guestPort}`;
  const answer = await say(monitor, `hostfwd_add ${NETDEV} ${rule}`);
  if (answer === '') return;
  if (/could not set up/i.test(answer)) await explainUnboundPort(forward);
  throw new NetworkStartError(
    `QEMU's network (slirp) rejected the forward ${formatPort(forward)}`,
    [answer],
    {
      hint: 'try another host port or address; the existing forwards are unchanged',
    },
  );
}

/** Removes a forward; its existing connections are kept. */
export async function removeSlirpForward(monitor: HumanMonitor, forward: BoundForward): Promise<void> {
  const { protocol, hostAddress, hostPort } = forward;
  const answer = await say(monitor, `hostfwd_remove ${NETDEV} ${protocol}:${hostAddress}:${hostPort}`);
  if (/removed|not found/.test(answer)) return;
  throw new NetworkStartError(`slirp failed to remove the forward ${formatPort(forward)}`, [answer]);
}

async function say(monitor: HumanMonitor, line: string): Promise<string> {
  return (await monitor.execute('human-monitor-command', { 'command-line': line })).trim();
}
