import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { settle } from '../../e2e/named/truth.ts';
import type { Finished } from '../../e2e/command.ts';
import { Place } from './place.ts';
import { type LiveOperation, NAME } from './live-operations.ts';
import { type Hearer, MonitorRelay, type Planned } from './monitor-relay.ts';

const CREATE = [
  'create',
  NAME,
  '--image',
  '@/guest.img,format=raw',
  '--disk',
  '16M',
  '--memory',
  '32M',
  '--cpus',
  '1',
];
const QEMU = 'qemu-system-x86_64 -device';

/** A machine whose QEMU is reached through the test, and repeated operations on it. */
export class MonitorLab {
  readonly place: Place;
  readonly relay: MonitorRelay;
  readonly #operation: LiveOperation;

  private constructor(place: Place, relay: MonitorRelay, operation: LiveOperation) {
    this.place = place;
    this.relay = relay;
    this.#operation = operation;
  }

  static async open(operation: LiveOperation): Promise<MonitorLab> {
    const place = await Place.make();
    try {
      writeFileSync(join(place.home.path, 'guest.img'), bootSectors.hang);
      const relay = await MonitorRelay.listen(place.standIn.relaySocket);
      return new MonitorLab(place, relay, operation);
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  /** The machine before the operation. */
  async begin(): Promise<void> {
    const { create = [], begin = [], isStart } = this.#operation;
    this.place.standIn.behave({ behaviour: 'relay', prefix: QEMU });
    this.relay.plan(undefined);
    const rest = create.includes('--display') ? create : ['--display', 'none', ...create];
    await this.must([...CREATE, ...(create.includes('--net') ? [] : ['--net', 'none']), ...rest]);
    if (isStart === true) return;
    await this.must(['start', NAME]);
    for (const words of begin) await this.must(words);
    await settle(this.place.home);
  }

  /** The messages of the operation without a replacement. */
  async course(): Promise<Readonly<Record<Hearer, number>>> {
    await this.begin();
    this.relay.plan(undefined);
    await this.must(this.#operation.args);
    await settle(this.place.home);
    const heard = this.relay.heard;
    await this.end();
    return heard;
  }

  async must(words: readonly string[]): Promise<Finished> {
    const finished = await this.place.command(words);
    if (finished.status !== 0)
      throw new Error(`vmlet ${words.join(' ')} ends with ${String(finished.status)}: ${finished.stderr}`);
    return finished;
  }

  /** The state that `vmlet ls` reports. */
  async state(): Promise<string> {
    const { stdout } = await this.must(['ls', '--json']);
    const { machines } = JSON.parse(stdout) as { machines: { name: string; state: string }[] };
    return machines.find(({ name }) => name === NAME)?.state ?? 'gone';
  }

  plan(planned: Planned | undefined): void {
    this.relay.plan(planned);
  }

  async end(): Promise<void> {
    this.relay.plan(undefined);
    await this.place.home.removeAll();
  }

  async close(): Promise<void> {
    try {
      await this.place.close();
    } finally {
      await this.relay.close();
    }
  }
}
