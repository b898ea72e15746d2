import type { QmpClient } from '../../qmp/index.ts';

/** A network card of a running machine. */
export interface NetworkCard {
  /** QEMU's name for the device, as in `network-device`. */
  readonly id: string;
  /** QEMU's name for the network back end. */
  readonly netdev: string;
  /** MAC address as seen by the guest. */
  readonly mac: string;
}

const PERIPHERALS = '/machine/peripheral';

/** Queries all current network cards from QEMU. */
export async function networkCards(qmp: QmpClient): Promise<NetworkCard[]> {
  const devices = await qmp.execute('qom-list', { path: PERIPHERALS });
  const ids = devices.filter(({ type }) => /^child<(virtio-net|e1000|rtl8139)/.test(type));
  return Promise.all(
    ids.map(async ({ name: id }) => {
      const property = async (name: string): Promise<string> =>
        String(await qmp.execute('qom-get', { path: `${PERIPHERALS}/${id}`, property: name }));
      return { id, netdev: await property('netdev'), mac: await property('mac') };
    }),
  );
}

/** Connects or disconnects a card's link; the guest sees its carrier change. */
export async function setLink(qmp: QmpClient, { id }: Pick<NetworkCard, 'id'>, up: boolean): Promise<void> {
  await qmp.execute('set_link', { name: id, up });
}
