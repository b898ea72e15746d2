import { Command } from 'commander';
import type { Finding, HostFeature, HostReport } from '../../index.ts';
import { isColoured, paint } from '../output/colour.ts';
import { SilentExit } from '../output/report-error.ts';
import { printJson } from '../output/say.ts';
import { visibleText } from '../output/printable.ts';

interface DoctorFlags {
  readonly json?: boolean;
  readonly qemu?: string;
}

const SYMBOLS = {
  works: { symbol: '✓', word: 'ok  ', colour: 'green' },
  degraded: { symbol: '!', word: 'warn', colour: 'yellow' },
  broken: { symbol: '✗', word: 'FAIL', colour: 'red' },
} as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Checks whether guests can run on this host, and shows how to fix problems.')
    .option('--json', 'print JSON')
    .option('--qemu <program>', 'check this QEMU instead of qemu-system-x86_64')
    .addHelpText('after', '\nExit status: 0 if guests can run on this host, 1 if not.')
    .action(examine);
}

async function examine(flags: DoctorFlags): Promise<void> {
  const { examineHost, missingFeatures } = await import('../../index.ts');
  const report = await examineHost({ qemu: flags.qemu });
  if (flags.json === true) printJson(report);
  else process.stdout.write(describe(report, missingFeatures(report.featureTable)));
  if (!report.canRunGuests) throw new SilentExit(1);
}

function describe({ findings, canRunGuests }: HostReport, missing: readonly HostFeature[]): string {
  const decorated = isColoured();
  const width = Math.max(...findings.map(({ item }) => item.length));
  const lines = findings.flatMap((finding) => describeFinding(finding, width, decorated));
  const { symbol, word } = SYMBOLS.broken;
  const verdict = canRunGuests
    ? 'Guests can run on this host.'
    : `Guests cannot run on this host. Fix the problems marked ${decorated ? symbol : word}, then run: vmlet doctor`;
  return [...lines, ...describeMissing(missing), '', verdict, ''].join('\n');
}

/** Lists missing features that have a replacement; they are not findings. */
function describeMissing(missing: readonly HostFeature[]): string[] {
  if (missing.length === 0) return [];
  const width = Math.max(...missing.map((one) => nameOf(one).length));
  const lines = missing.map((one) => `  ${nameOf(one).padEnd(width)}  ${plain(one.otherwise)}`);
  return ['', 'Missing features, and what vmlet does instead:', ...lines];
}

/** Pipes may lead to programs that only know ASCII. */
function plain(text: string): string {
  return visibleText(text.replaceAll('’', "'"));
}

function nameOf({ program, feature }: HostFeature): string {
  return program === feature ? feature : `${program} ${feature}`;
}

function describeFinding(
  { item, state, summary, remedy }: Finding,
  width: number,
  decorated: boolean,
): string[] {
  const { symbol, word, colour } = SYMBOLS[state];
  const mark = decorated ? paint(colour, symbol) : word;
  const indent = ' '.repeat((decorated ? symbol.length : word.length) + width + 3);
  const line = `${mark} ${item.padEnd(width)}  ${plain(summary)}`;
  return remedy === undefined ? [line] : [line, `${indent}${decorated ? '→' : '->'} ${plain(remedy)}`];
}
