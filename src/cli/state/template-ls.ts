import { Command } from 'commander';
import { formatBytes, formatMoment } from '../../public/format.ts';
import type { ListedTemplate } from '../../index.ts';
import { table } from '../output/table.ts';
import { printJson, printLines } from '../output/say.ts';

interface Flags {
  readonly quiet?: true;
  readonly json?: true;
}

/** A template as listed. */
export interface TemplateRow {
  readonly name: string;
  readonly image: string | undefined;
  readonly memoryBytes: number | undefined;
  readonly cpus: number | undefined;
  /** Space that its files occupy. */
  readonly hostBytes: number;
  readonly createdAt: Date | undefined;
  /** Reasons why it cannot be forked. */
  readonly problems: readonly string[];
  /** Names of the pools that fork it. */
  readonly usedBy: readonly string[];
}

export function templateLsCommand(): Command {
  return new Command('ls')
    .summary('list templates')
    .description(
      'Lists templates. A stale template can no longer be used, for example after an update of QEMU or vmlet; vmlet template ' +
        'inspect shows the reason.',
    )
    .option('-q, --quiet', 'print only names')
    .option('--json', 'print JSON')
    .action(list);
}

async function list({ quiet, json }: Flags): Promise<void> {
  const { listTemplates } = await import('../../index.ts');
  const listed = listTemplates();
  if (quiet && !json) {
    printLines(listed.map(({ name }) => name));
    return;
  }
  const templates = await Promise.all(listed.map(templateRow));
  if (json) {
    printJson({ version: 1, templates });
    return;
  }
  const heading = ['NAME', 'IMAGE', 'MEMORY', 'SIZE', 'CREATED', 'STATE'];
  process.stdout.write(table([heading, ...templates.map(cellsOf)], { numbers: [2, 3] }));
}

export async function templateRow({ name, template, problem }: ListedTemplate): Promise<TemplateRow> {
  const { poolsOf } = await import('../../public/pools.ts');
  return {
    name,
    image: template?.image,
    memoryBytes: template?.memoryBytes,
    cpus: template?.cpus,
    hostBytes: template?.hostBytes ?? 0,
    createdAt: template?.createdAt,
    problems: problem ? [problem.message] : ((await template?.differences()) ?? []),
    usedBy: template ? poolsOf(template) : [],
  };
}

function cellsOf({ name, image, memoryBytes, hostBytes, createdAt, problems }: TemplateRow): string[] {
  return [
    name,
    image ?? '',
    memoryBytes === undefined ? '' : formatBytes(memoryBytes),
    formatBytes(hostBytes),
    createdAt === undefined ? '' : formatMoment(createdAt),
    problems.length === 0 ? 'ready' : image === undefined ? 'damaged' : 'stale',
  ];
}
