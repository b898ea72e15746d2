import { GuestRequestError, MachineStateError, TimedOutError } from '../../../errors/index.ts';
import { attachCard, detachCard } from '../../../machine/state/live-card.ts';
import type { NamedPlan, PrivateCardPlan } from '../../../machine/plan/named-plan.ts';
import { networkCards } from '../../../machine/plan/planned-cards.ts';
import { cardDevice } from '../../../network/card/network-card.ts';
import { cardPort, cardsOfPorts, isFreePort } from '../../../machine/qemu/root-port.ts';
import { argumentsText } from '../../../process/keeper.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { removeFile } from '../../../util/files/removal.ts';
import { type Limits, withinLimits } from '../../../util/time/deadline.ts';
import { attachAgent } from '../../channel/attach-agent.ts';
import { readGuestPorts } from '../../channel/read-guest-ports.ts';
import { withMonitor } from '../../channel/monitor.ts';
import { SPARE_CARD_PORTS } from '../../plan/card-ports.ts';
import type { Definition } from '../../record/definition.ts';
import { cardArguments } from '../../record/machine-files.ts';
import { readPlan, replacePlan } from '../../record/machine-plan-file.ts';
import { readStatus } from '../../record/machine-status.ts';
import { cardsConfiguration, guestRequest } from '../guest-request.ts';
import { plugCommand } from '../start/start-plan.ts';
import { refusePaused } from '../../lock/paused-guest.ts';

/** The agent waits 10 s for a card to appear. */
const SETUP_MS = 15_000;

/**
 * Returns the number of a card that a running machine can get now.
 * @param unused the numbers that none of its cards has.
 * @throws MachineStateError
 */
export async function freeLiveCard(
  definition: Definition,
  unused: readonly number[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const { spec, files } = definition;
  const status = readStatus(files);
  const refuse = (problem: string, hint: string): MachineStateError =>
    new MachineStateError(spec.name, status.kind === 'running' ? status.state : status.kind, problem, {
      hint,
    });
  refusePaused(spec.name, status, 'get another network card');
  const plan = readPlan(files);
  const restart = 'stop the machine, connect it to the network, and start it again';
  if (!mayConnect(plan)) {
    throw refuse('was started without a network, and can get a network card only at its next start', restart);
  }
  // A QEMU that listens cannot be reached by a helper that waits for it.
  if (plan.wiring.network.again === 'listens') {
    throw refuse(
      'cannot be connected to a network while it is running: its QEMU does not support -netdev stream,reconnect',
      restart,
    );
  }
  const numbers = cardsOfPorts(plan.rootPorts).filter((number) => unused.includes(number));
  return withMonitor(
    definition,
    async (qmp) => {
      for (const number of numbers) if (await isFreePort(qmp, cardPort(number))) return number;
      throw refuse(
        'has no free PCIe slot for another network card',
        `${restart}: each start adds ${SPARE_CARD_PORTS} spare slots`,
      );
    },
    { signal },
  );
}

/** Returns whether QEMU has the card: not when the connection was interrupted. */
export async function hasLiveCard(
  definition: Definition,
  network: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const card = readPlan(definition.files).privateCards.find((one) => one.network === network);
  if (!card) return false;
  const cards = await withMonitor(definition, networkCards, { signal });
  return cards.some(({ id }) => id === cardDevice(card.card));
}

/** Whether QEMU may call connect(): its seccomp filter is that of its start, whatever has been unplugged since. */
function mayConnect({ layers }: NamedPlan): boolean {
  return !layers.seccomp.includes('connect');
}

/**
 * Plugs a card into a running machine. The plan comes first, as for disks: by it the card is found again. The keeper's
 * request comes last: each boot of a guest waits for the cards in it.
 */
export async function plugInCard(
  definition: Definition,
  card: PrivateCardPlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { spec, files } = definition;
  const plan = readPlan(files);
  const changed = { ...plan, privateCards: [...plan.privateCards, card] };
  replacePlan(files, changed);
  exchangeFile(cardArguments(files, card.card), argumentsText(plugCommand(spec.name, card)));
  await withMonitor(definition, async (qmp) => attachCard(qmp, card, plan.wiring), { signal });
  exchangeFile(files.guestRequest, guestRequest(changed));
}

/**
 * Gives the guest the addresses of a card that was plugged in. A guest whose agent is not up yet gets them from the
 * keeper, and one without the agent asks by DHCP.
 * @throws MachineStateError
 */
export async function setUpCard(
  definition: Definition,
  card: PrivateCardPlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { spec, files } = definition;
  if (!(await readGuestPorts(definition, { signal })).vmlet.open) return;
  const limits = { timeoutMs: SETUP_MS, signal };
  try {
    await using agent = await attachAgent(definition, limits);
    const setUp = agent.configure(cardsConfiguration(readPlan(files), [card]));
    await withinLimits('setting up the network card', setUp, limits);
  } catch (error) {
    if (!(error instanceof GuestRequestError || error instanceof TimedOutError)) throw error;
    throw new MachineStateError(
      spec.name,
      'running',
      `is connected to network "${card.network}", but its guest did not set up the network card: ${error.message}`,
      { hint: `restart the machine: vmlet restart ${spec.name}`, cause: error },
    );
  }
}

/**
 * Unplugs a card from a running machine. The keeper's request comes first, as the guest may boot meanwhile; the plan has
 * the card until everything else of it is gone.
 * @throws GuestHoldsDeviceError, MachineStateError
 */
export async function unplugCard(
  definition: Definition,
  network: string,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  const { spec, files } = definition;
  const plan = readPlan(files);
  const card = plan.privateCards.find((one) => one.network === network);
  // A connection that was interrupted may not have come so far.
  if (!card) return;
  if (card.bus === undefined) {
    throw new MachineStateError(
      spec.name,
      'running',
      `cannot leave network "${network}" while the machine is running: its memory was saved by an earlier release of vmlet`,
      { hint: `stop it first: vmlet stop ${spec.name}` },
    );
  }
  // The request would stay pending, and the guest would follow it when it is resumed.
  if (await hasLiveCard(definition, network, signal)) {
    refusePaused(spec.name, readStatus(files), 'release its network card');
  }
  const without = { ...plan, privateCards: plan.privateCards.filter((one) => one !== card) };
  exchangeFile(files.guestRequest, guestRequest(without));
  try {
    await withMonitor(definition, async (qmp) => detachCard(qmp, card, { timeoutMs, signal }), {
      waitsForGuest: true,
      signal,
    });
  } catch (error) {
    exchangeFile(files.guestRequest, guestRequest(plan));
    throw error;
  }
  // The keeper must not serve it again.
  removeFile(cardArguments(files, card.card));
  replacePlan(files, without);
}
