import { canMount } from '../../integration/machine/small-file-system.ts';
import { fillEmbedded } from './embedded-fill.ts';
import type { FillResult } from './full-disk.ts';
import { failDisk } from './guest-errors.ts';
import { fillNamed } from './named-fill.ts';
import { losePower } from './power-loss.ts';
import { type Findings, type HardeningOptions, type Section, together } from '../section.ts';

const PAUSES = 12;
const ERRORS = 20;
const KILLS = 50;

/** A small run uses only one kind of disk. */
const SMALL = 0.2;

export const disk: Section = {
  title: 'host file systems without space, disks that fail, and QEMUs killed while their guests write',
  async run(options) {
    const findings = [
      ...(canMount ? [await fullDisks(options)] : []),
      await failingDisks(options),
      await powerLosses(options),
    ];
    return together(findings);
  },
};

export async function fullDisks(options: HardeningOptions): Promise<Findings> {
  const pauses = atLeastOne(PAUSES, options);
  const results: FillResult[] = [await fillNamed('qcow2', pauses, options)];
  if (options.scale > SMALL)
    results.push(await fillNamed('raw', pauses, options), await fillEmbedded(pauses, options));
  const sum = (of: (result: FillResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  return {
    counts: [
      {
        what: 'machines paused because the host had no space left: reported by `ls`, `exec`, events and library; resumed when space was free',
        tried: sum((one) => one.pauses),
        held: sum((one) => one.pausesHeld),
      },
      {
        what: 'pieces of 512 KiB that guests wrote meanwhile, compared by SHA-256',
        tried: sum((one) => one.pieces),
        held: sum((one) => one.piecesHeld),
      },
    ],
    faults: results.flatMap(({ faults }) => faults),
  };
}

async function failingDisks(options: HardeningOptions): Promise<Findings> {
  const { tried, held } = await failDisk(atLeastOne(ERRORS, options), options);
  const what = 'other errors of a disk: reported to the guest, the machine keeps running';
  return { counts: [{ what, tried, held }], faults: [] };
}

export async function powerLosses(options: HardeningOptions): Promise<Findings> {
  const result = await losePower(atLeastOne(KILLS, options), options);
  return {
    counts: [
      {
        what: 'QEMUs killed while their guests wrote to an overlay, a qcow2 and a raw file; each started again on them',
        tried: result.kills,
        held: result.killsHeld,
        note: 'SIGKILL at random moments; a crash of the host itself is not tried',
      },
      {
        what: 'records that these guests had flushed before, compared byte for byte',
        tried: result.records,
        held: result.recordsHeld,
      },
    ],
    faults: result.faults,
  };
}

function atLeastOne(whole: number, { scale }: HardeningOptions): number {
  return Math.max(1, Math.round(whole * scale));
}
