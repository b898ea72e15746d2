import { qemuArguments } from './argv.ts';
import { mediumNode } from './block-node.ts';
import type { BridgeCardPlan, CdromPlan, NamedPlan } from '../plan/named-plan.ts';
import { qmpMonitorArguments } from '../../host/programs/qmp-monitor.ts';
import { escapeOptionValue } from '../../images/qemu-img/option-value.ts';
import { bridgeCard } from './bridge-card.ts';
import { CHARDEVS, QGA_DEVICE } from './guest-ports.ts';
import { privateCardDevice, privateCardNetdev } from './private-card.ts';
import { keyValueOption } from './quote.ts';
import { tpmArguments } from './tpm-arguments.ts';

/** Returns the QEMU command line of a named machine. */
export function namedArguments(plan: NamedPlan): string[] {
  return [
    ...qemuArguments(plan),
    ...['-uuid', plan.uuid],
    ...plan.monitorSockets.flatMap((path, index) => monitorArguments(path, index, plan)),
    ...guestAgentArguments(plan.guestAgentSocket),
    ...(plan.tpmSocket === undefined ? [] : tpmArguments(plan.tpmSocket)),
    ...displayArguments(plan.vncSocket),
    ...plan.cdroms.flatMap(cdromArguments),
    ...plan.bridges.flatMap(bridgeArguments),
    ...privateCardArguments(plan),
  ];
}

function monitorArguments(path: string, index: number, { monitorObjects }: NamedPlan): string[] {
  const id = `monitor-${index}`;
  return [
    ...['-chardev', keyValueOption('socket', { id, path, server: 'on', wait: 'off' })],
    ...qmpMonitorArguments(id, monitorObjects),
  ];
}

function guestAgentArguments(path: string): string[] {
  return [
    ...['-chardev', keyValueOption('socket', { id: CHARDEVS.qga, path, server: 'on', wait: 'off' })],
    ...device(guestAgentPort()),
  ];
}

/** The device to which QEMU's guest agent connects. */
export function guestAgentPort() {
  return {
    driver: 'virtserialport',
    bus: 'channels.0',
    nr: 2,
    chardev: CHARDEVS.qga,
    id: QGA_DEVICE,
    name: 'org.qemu.guest_agent.0',
  };
}

function displayArguments(vncSocket: string | undefined): string[] {
  if (vncSocket === undefined) return [];
  return [
    ...['-vnc', `unix:${escapeOptionValue(vncSocket)}`],
    ...device({ driver: 'VGA', id: 'screen' }),
    ...device({ driver: 'qemu-xhci', id: 'usb' }),
    ...device({ driver: 'usb-tablet', id: 'tablet', bus: 'usb.0' }),
  ];
}

/** A drive on the board's own AHCI controller, which every firmware and installer supports. */
function cdromArguments({ name, path, bootIndex }: CdromPlan, index: number): string[] {
  const medium = path === undefined ? [] : ['-blockdev', JSON.stringify(mediumNode(name, path))];
  return [
    ...medium,
    ...device({
      driver: 'ide-cd',
      id: `${name}-device`,
      bus: `ide.${index}`,
      bootindex: bootIndex,
      ...(path !== undefined && { drive: name }),
    }),
  ];
}

function bridgeArguments(plan: BridgeCardPlan): string[] {
  const card = bridgeCard(plan);
  return ['-netdev', JSON.stringify(card.netdev), ...device(card.device)];
}

function privateCardArguments({ privateCards, wiring }: NamedPlan): string[] {
  return privateCards.flatMap((card) => [
    ...['-netdev', JSON.stringify(privateCardNetdev(card, wiring))],
    ...device(privateCardDevice(card)),
  ]);
}

function device(properties: object): string[] {
  return ['-device', JSON.stringify(properties)];
}
