import { QmpRefusedError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { diskDeviceId } from './block-node.ts';

/** All functions of the slots that are set aside for them on the root bus. */
export const MOST_ROOT_PORTS = 64;

/** Where a guest finds the first; what gets its slot by itself comes before, whatever the number of ports. */
const FIRST_SLOT = 0x10;
const FUNCTIONS = 8;

/** The ports from 0 on. */
export function rootPorts(count: number): string[] {
  return Array.from({ length: count }, (_, number) => rootPort(number));
}

export function rootPort(number: number): string {
  return `port${number}`;
}

/**
 * A disk's port has its number, so that a guest finds it at the same address whatever else comes and goes, and memory
 * that was kept fits.
 */
export function portNumber(diskName: string): number {
  return Number(/^disk(?<number>\d+)$/.exec(diskName)?.groups?.['number']);
}

/** The device of a port, which many share a slot. Its address is its number's alone: it would move what comes after it. */
export function rootPortDevice(id: string, index: number): { readonly driver: string; readonly id: string } {
  const multifunction = index % FUNCTIONS === 0;
  return {
    driver: 'pcie-root-port',
    id,
    ...{ bus: 'pcie.0', addr: addressOf(index), chassis: index + 1, slot: index + 1 },
    ...(multifunction && { multifunction }),
  };
}

function addressOf(index: number): string {
  return `${(FIRST_SLOT + Math.floor(index / FUNCTIONS)).toString(16)}.${index % FUNCTIONS}`;
}

/** Whether a machine that runs has such a port with nothing in it; what the guest is just letting go of is in it still. */
export async function isFreePort(qmp: QmpClient, port: string): Promise<boolean> {
  try {
    const properties = await qmp.execute('qom-list', { path: `/machine/peripheral/${port}/${port}` });
    return !properties.some(({ name }) => name.startsWith('child['));
  } catch (error) {
    if (error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound') return false;
    throw error;
  }
}

/** The port that a disk is in; undefined where the machine that runs does not have it. */
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
