import { Command } from 'commander';
import type { Finding, HostReport } from '../index.ts';
import { SilentExit } from './report-error.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly qemu?: string;
}

const SYMBOLS = {
  works: { symbol: '✓', word: 'ok  ', colour: '\x1b[32m' },
  degraded: { symbol: '!', word: 'warn', colour: '\x1b[33m' },
  broken: { symbol: '✗', word: 'FAIL', colour: '\x1b[31m' },
} as const;
const PLAIN = '\x1b[0m';

export function doctorCommand(): Command {
  return new Command('doctor')
    .option('--json', 'print JSON')
    .option('--qemu <program>', 'examine this QEMU instead of qemu-system-x86_64')
    .addHelpText('after', '\nExit status: 0 when a guest can run here, 1 when not.')
    .action(examine);
}

async function examine(flags: DoctorFlags): Promise<void> {
  const { examineHost } = await import('../index.ts');
  const report = await examineHost({ qemu: flags.qemu });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report, null, 2)}\n` : describe(report));
  if (!report.canRunGuests) throw new SilentExit(1);
}

function describe({ findings, canRunGuests }: HostReport): string {
  const decorated = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  const width = Math.max(...findings.map(({ item }) => item.length));
  const lines = findings.flatMap((finding) => describeFinding(finding, width, decorated));
  const verdict = canRunGuests ? 'Guests can run here.' : 'No guest can run here yet.';
  return [...lines, '', verdict, ''].join('\n');
}

function describeFinding(
  { item, state, summary, remedy }: Finding,
  width: number,
  decorated: boolean,
): string[] {
  const { symbol, word, colour } = SYMBOLS[state];
  const mark = decorated ? `${colour}${symbol}${PLAIN}` : word;
  const indent = ' '.repeat((decorated ? symbol.length : word.length) + width + 3);
  const line = `${mark} ${item.padEnd(width)}  ${summary}`;
  return remedy === undefined ? [line] : [line, `${indent}${decorated ? '→' : '->'} ${remedy}`];
}
