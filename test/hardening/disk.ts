import { canMount } from '../integration/machine/small-file-system.ts';
import { fillEmbedded } from './disk/embedded-fill.ts';
import type { FillResult } from './disk/full-disk.ts';
import { fillNamed } from './disk/named-fill.ts';
import type { Count, Findings, HardeningOptions, Section } from './section.ts';

const PAUSES = 12;

/** The host's file system is full, the guest's disk fails, QEMU is killed: what the guest has flushed is there. */
export const disk: Section = {
  title: 'host file systems without space, and QEMUs killed while their guests write',
  async run(options) {
    const findings = [canMount ? await fullDisks(options) : NOTHING];
    return {
      counts: findings.flatMap(({ counts }) => counts),
      faults: findings.flatMap(({ faults }) => faults),
    };
  },
};

const NOTHING: Findings = { counts: [], faults: [] };

async function fullDisks(options: HardeningOptions): Promise<Findings> {
  const pauses = Math.max(1, Math.round(PAUSES * options.scale));
  const ways: ((pauses: number, options: HardeningOptions) => Promise<FillResult>)[] = [
    async (...args) => fillNamed('qcow2', ...args),
    async (...args) => fillNamed('raw', ...args),
    fillEmbedded,
  ];
  const results: FillResult[] = [];
  // A small run takes one of them.
  const chosen = options.scale < 1 ? [ways[options.seed % ways.length]!] : ways;
  for (const way of chosen) results.push(await way(pauses, options));
  const sum = (of: (result: FillResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  const counts: Count[] = [
    {
      what: 'pauses because the host has no space left: said by `ls`, events and library, gone on from when there is some',
      tried: sum((one) => one.pauses),
      held: sum((one) => one.pausesHeld),
    },
    {
      what: 'pieces of 512 KiB that guests wrote across such pauses, by SHA-256',
      tried: sum((one) => one.pieces),
      held: sum((one) => one.piecesHeld),
    },
  ];
  return { counts, faults: results.flatMap(({ faults }) => faults) };
}
