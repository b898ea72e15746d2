import type { GuestProcess } from '../../../src/index.ts';
import { run } from '../../../src/process/run.ts';
import type { HardeningOptions } from '../section.ts';
import { PIECE_BYTES, linesOf, missingPieces, pieceScript } from './guest-writer.ts';
import type { SmallHome } from './small-home.ts';
import { until } from '../../until.ts';

const MIB = 2 ** 20;
/** The guest’s writes between two pauses take longer than the interval at which `resume` checks for the next pause. */
const ROOM_BYTES = 4 * MIB;

/** The number of bytes that a home must provide for so many pauses. */
export function bytesFor(pauses: number): number {
  return (pauses + 1) * ROOM_BYTES;
}

/** A machine with micro and an empty disk on the small file system. */
export interface FillableMachine {
  readonly label: string;
  exec(argv: readonly string[]): GuestProcess;
  standsStill(): boolean;
  /** Checks all reports of a pause, and tries to resume without space. @returns the faults found. */
  lookAtPause(): Promise<string[]>;
  resume(): Promise<void>;
  /** Ends it. @returns its disk, which is kept. */
  stop(): Promise<{ readonly path: string; readonly format: string }>;
}

export interface FillResult {
  readonly pauses: number;
  readonly pausesHeld: number;
  readonly pieces: number;
  readonly piecesHeld: number;
  readonly faults: readonly string[];
}

/** Lets the guest write more than the available space, and provides more each time that the machine pauses. */
export async function fill(
  machine: FillableMachine,
  pauses: number,
  home: SmallHome,
  { log, signal }: HardeningOptions,
): Promise<FillResult> {
  home.giveRoom(ROOM_BYTES / 2);
  const wanted = ((pauses + 0.25) * ROOM_BYTES) / PIECE_BYTES;
  const writer = machine.exec(['sh', '-c', pieceScript(wanted)]);
  const said = linesOf(writer);
  let ended = false;
  void writer.then(
    () => (ended = true),
    () => (ended = true),
  );
  const faults: string[] = [];
  let [seen, held] = [0, 0];
  while ((await until(() => (ended ? 'ended' : machine.standsStill() && 'pause'), { signal })) === 'pause') {
    seen++;
    const wrong = await machine.lookAtPause();
    log(
      `${machine.label}: pause ${seen} after ${said.length} pieces: ${wrong.join('; ') || 'as it must be'}`,
    );
    if (wrong.length === 0) held++;
    faults.push(...wrong.map((what) => `${machine.label}: not true: ${what}`));
    home.giveRoom(ROOM_BYTES);
    await machine.resume();
  }
  const { exitCode } = await writer;
  if (exitCode !== 0) faults.push(`${machine.label}: the guest was told of an error (${exitCode ?? '?'})`);
  if (said.length !== wanted)
    faults.push(`${machine.label}: ${said.length} of ${wanted} pieces were written`);
  if (seen < pauses) faults.push(`${machine.label}: it stood still ${seen} times, and not ${pauses}`);
  const disk = await machine.stop();
  if (disk.format === 'qcow2') await run(['qemu-img', 'check', '-q', '-f', 'qcow2', disk.path]);
  const missing = await missingPieces(said, disk, home.elsewhere);
  const piecesHeld = said.length - missing.length;
  return { pauses: seen, pausesHeld: held, pieces: said.length, piecesHeld, faults: [...faults, ...missing] };
}
