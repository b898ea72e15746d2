import { QmpRefusedError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { diskDeviceId } from './block-node.ts';

/** All functions of the slots reserved for them on the root bus. */
export const MOST_ROOT_PORTS = 64;

/**
 * Slot of the first port in the guest. Devices with their own slot come before it, for any number of ports.
 */
const FIRST_SLOT = 0x10;
const CARDS_SLOT = FIRST_SLOT - 1;
const FUNCTIONS = 8;
/** Above the numbers of all other ports. */
const FIRST_CARD_NUMBER = 100;

/** The ports from 0 on. */
export function rootPorts(count: number): string[] {
  return Array.from({ length: count }, (_, number) => rootPort(number));
}

export function rootPort(number: number): string {
  return `port${number}`;
}

/** Port of the seed disk, the last one, so that the guest sees the disks first. */
export const SEED_PORT = 'seed-port';

/** Port of a directory's device. */
export function sharePort(tag: string): string {
  return `${tag}-port`;
}

/**
 * A disk's port has the disk's number, so that its address in the guest does not depend on other disks, and
 * saved memory stays valid.
 */
export function portNumber(diskName: string): number {
  return Number(/^disk(?<number>\d+)$/.exec(diskName)?.groups?.['number']);
}

/** The port of a card in a private network, by the card's number: 0 to 7. */
export function cardPort(card: number): string {
  return `card-port${card}`;
}

/** Returns the numbers of the cards that ports are for. */
export function cardsOfPorts(ports: readonly string[]): number[] {
  return ports.map(cardOfPort).filter((card) => card !== undefined);
}

function cardOfPort(port: string): number | undefined {
  const number = /^card-port(?<number>\d)$/.exec(port)?.groups?.['number'];
  return number === undefined ? undefined : Number(number);
}

/**
 * The device of a port; several ports share a slot. The address depends on the number only: otherwise later
 * devices would move. Those for cards come first, in a slot of their own: guests name a network card after its port, also
 * when a disk has been added.
 */
export function rootPortDevice(id: string, index: number): { readonly driver: string; readonly id: string } {
  const card = cardOfPort(id);
  const place = card === undefined ? FIRST_SLOT * FUNCTIONS + index : CARDS_SLOT * FUNCTIONS + card;
  const number = card === undefined ? index + 1 : FIRST_CARD_NUMBER + card;
  const multifunction = place % FUNCTIONS === 0;
  return {
    driver: 'pcie-root-port',
    id,
    ...{ bus: 'pcie.0', addr: addressOf(place), chassis: number, slot: number },
    ...(multifunction && { multifunction }),
  };
}

function addressOf(place: number): string {
  return `${Math.floor(place / FUNCTIONS).toString(16)}.${place % FUNCTIONS}`;
}

/**
 * True when a running machine has the port and it is empty. A disk that is still being unplugged occupies it.
 */
export async function isFreePort(qmp: QmpClient, port: string): Promise<boolean> {
  try {
    const properties = await qmp.execute('qom-list', { path: `/machine/peripheral/${port}/${port}` });
    return !properties.some(({ name }) => name.startsWith('child['));
  } catch (error) {
    if (error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound') return false;
    throw error;
  }
}

/** Returns the port of a disk; undefined when the running machine does not have the disk. */
export async function portOf(qmp: QmpClient, nodeName: string): Promise<string | undefined> {
  const path = `/machine/peripheral/${diskDeviceId(nodeName)}`;
  try {
    return String(await qmp.execute('qom-get', { path, property: 'parent_bus' }))
      .split('/')
      .at(-1);
  } catch (error) {
    if (error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound') return undefined;
    throw error;
  }
}
