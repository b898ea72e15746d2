import type { QmpClient } from '../../qmp/index.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { USUAL_MTU } from '../../network/card/network-card.ts';
import type { BridgeCardPlan, NamedPlan } from '../plan/named-plan.ts';
import { bridgeCardId } from './bridge-card.ts';

/**
 * The hardware that saved memory depends on: it can be restored only when all of this is the same. As text,
 * to show differences to the user.
 */
export type Hardware = Readonly<Record<string, string>>;

/** Not in records of earlier releases, nor without a network card. */
const MAC = 'MAC address';

/** A start reads it from the memory; a machine that runs cannot change it. */
export const BRIDGE_MTU = 'MTU on the bridge';

/** Changed by `vmlet share`. */
export const MOUNTS = { shares: 'shared directories', volumes: 'volumes' } as const;

export function hardwareOf(plan: NamedPlan): Hardware {
  const further = plan.bridges.filter((card) => !isFirst(card));
  const mac = plan.network?.guest.mac ?? plan.bridges.find(isFirst)?.mac;
  const mtus = plan.bridges.filter(({ mtu = USUAL_MTU }) => mtu !== USUAL_MTU);
  return {
    memory: formatBytes(plan.memoryBytes),
    processors: `${plan.cpus} (${plan.cpu}, ${plan.accelerator.kind})`,
    board: Object.entries(plan.board.options)
      .map(([option, value]) => `${option}=${value}`)
      .sort()
      .join(' '),
    firmware: plan.firmware?.code.path ?? 'bios',
    'direct kernel': yesNo(plan.boot.kind === 'kernel'),
    TPM: yesNo(plan.tpmSocket !== undefined),
    screen: yesNo(plan.vncSocket !== undefined),
    'network card': yesNo(mac !== undefined),
    ...(mac !== undefined && { [MAC]: mac }),
    ...(further.length > 0 && {
      'cards on bridges': further.map((card) => `${bridgeCardId(card)} (${card.mac})`).join(', '),
    }),
    ...(mtus.length > 0 && {
      [BRIDGE_MTU]: mtus
        // A record of an earlier release has the number of the first card alone.
        .map((card) => (isFirst(card) ? String(card.mtu) : `${card.mtu} (${bridgeCardId(card)})`))
        .join(', '),
    }),
    'CD drives': list(plan.cdroms.map(({ name }) => name)),
    // A record of an earlier release has none, or no ports.
    ...(plan.shares.length > 0 && {
      [MOUNTS.shares]: list(plan.shares.map(({ tag, target, bus }) => `${tag} at ${target}${inPort(bus)}`)),
    }),
    ...(plan.privateCards.length > 0 && {
      // A record of an earlier release has no ports.
      'private networks': [...plan.privateCards]
        .sort((one, other) => one.card - other.card)
        .map(({ network, mac, mtu, bus }) => `${network}${inPort(bus)} (${mac}, MTU ${mtu})`)
        .join(', '),
    }),
    ...(plan.volumes.length > 0 && {
      [MOUNTS.volumes]: list(plan.volumes.map(({ name, target }) => `${name} at ${target}`)),
    }),
    disks: list(
      plan.disks.map(
        ({ nodeName, bus, readOnly }) => `${nodeName} in ${bus ?? ''}${readOnly ? ' (read-only)' : ''}`,
      ),
    ),
  };
}

/** Describes each difference. */
export function hardwareDifferences(then: Hardware, now: Hardware): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((part) => then[part] !== now[part])
    .filter((part) => part !== MAC || (part in then && part in now))
    .map((part) => `${part}: was ${then[part] ?? 'none'}, is now ${now[part] ?? 'none'}`);
}

function isFirst({ number }: BridgeCardPlan): boolean {
  return number === 0;
}

function inPort(bus: string | undefined): string {
  return bus === undefined ? '' : ` in ${bus}`;
}

function yesNo(is: boolean): string {
  return is ? 'yes' : 'no';
}

function list(parts: readonly string[]): string {
  return [...parts].sort().join(', ') || 'none';
}

/** Queries the versioned type of a running machine, such as `pc-q35-10.0`; the plan may have an alias. */
export async function queryMachineType(qmp: QmpClient): Promise<string> {
  const type = await qmp.execute('qom-get', { path: '/machine', property: 'type' });
  return String(type).replace(/-machine$/, '');
}
