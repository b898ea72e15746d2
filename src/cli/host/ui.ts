import { Command } from 'commander';
import { durationMs } from '../flags/flag-values.ts';

interface Flags {
  readonly open: boolean;
  readonly socket?: string;
  readonly idle?: number;
}

const HOUR_MS = 3_600_000;

export function uiCommand(): Command {
  return new Command('ui')
    .description(
      'Opens a web page with your machines in the browser. vmlet serves the page on 127.0.0.1, and exits on Ctrl-C, or when ' +
        'no page has been open for the time set with --idle. Each address works only once; press Enter to print a new ' +
        'address. Programs can use the HTTP API of the same server, see docs/http-api.md.',
    )
    .option('--no-open', 'print the address instead of opening the browser')
    .option(
      '--socket <path>',
      'listen on this unix socket instead of 127.0.0.1; to connect from another computer: ssh -L 8080:PATH HOST',
    )
    .option('--idle <time>', 'exit when no page has been open for this time (default: 1h)', durationMs)
    .action(serve);
}

async function serve({ open, socket, idle: idleMs = HOUR_MS }: Flags): Promise<void> {
  const { servePage } = await import('./serve-page.ts');
  await servePage({ open, socket, idleMs });
}
