import { QmpRefusedError } from '../../errors/index.ts';
import { cardDevice } from '../../network/card/network-card.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { NamedPlan, PrivateCardPlan } from '../plan/named-plan.ts';
import { privateCardDevice, privateCardNetdev, privateCardNetdevId } from '../qemu/private-card.ts';
import { unplugDevice } from './unplug.ts';

/**
 * Plugs a card of a private network into a running machine; its `bus` is a free root port. QEMU connects to the card's
 * socket at once. Nothing is left behind on failure.
 * @throws QmpRefusedError, and the errors of `execute`.
 */
export async function attachCard(
  qmp: QmpClient,
  card: PrivateCardPlan,
  wiring: Pick<NamedPlan['wiring'], 'network'>,
): Promise<void> {
  await qmp.execute('netdev_add', privateCardNetdev(card, wiring));
  try {
    await qmp.execute('device_add', privateCardDevice(card));
  } catch (error) {
    if (error instanceof QmpRefusedError) await qmp.execute('netdev_del', { id: privateCardNetdevId(card) });
    throw error;
  }
}

/**
 * Asks the guest to release a card, and removes it once the guest has. A card that is not there, or only half of it, is
 * removed too.
 * @param limits `timeoutMs` is the time for the guest, 30 000 by default.
 * @throws GuestHoldsDeviceError when the guest does not release it in time, and the errors of `execute`.
 */
export async function detachCard(
  qmp: QmpClient,
  card: Pick<PrivateCardPlan, 'card' | 'network'>,
  limits: Limits = {},
): Promise<void> {
  const device = {
    id: cardDevice(card.card),
    name: card.network,
    words: `the network card of network "${card.network}"`,
    hint: 'in the guest, stop the programs that use this network, then try again',
  };
  await unplugDevice(qmp, device, limits);
  try {
    await qmp.execute('netdev_del', { id: privateCardNetdevId(card) });
  } catch (error) {
    // It was never added, or an earlier removal was interrupted before its answer.
    if (!(error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound')) throw error;
  }
}
