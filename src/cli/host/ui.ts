import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { Scope } from '../../util/scope.ts';
import { packageFile } from '../../util/package-file.ts';
import { VmletError } from '../../errors/index.ts';
import { durationMs } from '../flags/flag-values.ts';
import { reportError } from '../output/report-error.ts';
import { note, printLine } from '../output/say.ts';
import { Interrupts } from '../session/interrupts.ts';
import type { UiServer } from '../server/ui-server.ts';

interface Flags {
  readonly open: boolean;
  readonly socket?: string;
  readonly idle?: number;
}

const HOUR_MS = 3_600_000;
/** Where the help tells a user to forward the socket to. */
const FORWARD = 'http://localhost:8080';

export function uiCommand(): Command {
  return new Command('ui')
    .description(
      'Opens a page with your machines in the browser. It is served on 127.0.0.1 until Ctrl-C, or until no page has been ' +
        'open for a while. Each address works once; press Enter to print another one. Programs may use the same server: ' +
        'docs/http-api.md.',
    )
    .option('--no-open', 'print the address instead of opening the browser')
    .option('--socket <path>', 'listen on a unix socket instead, for ssh -L 8080:PATH HOST')
    .option('--idle <time>', 'exit when no page has been open for this time (default: 1h)', durationMs)
    .action(serve);
}

async function serve({ open, socket, idle = HOUR_MS }: Flags): Promise<void> {
  await using scope = new Scope();
  using interrupts = new Interrupts();
  const interrupted = new Promise<void>((end) => (interrupts.whenAsked = () => end()));
  const { claimRuntimeDirectory, claimSocketPath } = await import('../../public/runtime-directory.ts');
  const directory = claimRuntimeDirectory(scope);
  const socketPath = socket === undefined ? undefined : resolve(socket);
  if (socketPath !== undefined) await claimSocketPath(socketPath);
  const { MachineStore } = await import('../../machines/index.ts');
  const { UiServer } = await import('../server/ui-server.ts');
  const server = await UiServer.start({
    store: new MachineStore(),
    socketPath,
    page: packageFile('dist/page'),
    idleMs: idle,
    onDefect: reportError,
  });
  scope.defer(async () => server[Symbol.asyncDispose]());
  const tokenFile = join(directory, 'token');
  writeSecret(tokenFile, `${server.credentials.bearer}\n`);
  note(`token for programs: ${tokenFile}`);
  if (socketPath !== undefined) {
    note(`listening on ${socketPath}`, `to open it from another computer: ssh -L 8080:${socketPath} HOST`);
  }
  const printAddress = (): void =>
    printLine(server.newAddress(socketPath === undefined ? undefined : FORWARD));
  if (open && socketPath === undefined) await openPage(server, directory, printAddress);
  else printAddress();
  if (process.stdin.isTTY) {
    const lines = createInterface({ input: process.stdin });
    scope.defer(() => lines.close());
    lines.on('line', printAddress);
    note('press Enter for a new address, Ctrl-C to exit');
  }
  const reason = await Promise.race([interrupted, server.idle.then(() => 'idle' as const)]);
  if (reason === 'idle') note('exiting: no page has been open for a while');
}

/** The address is in a file: every user may read the command line of a browser. */
async function openPage(server: UiServer, directory: string, printAddress: () => void): Promise<void> {
  const file = join(directory, 'open.html');
  const address = server.newAddress();
  writeSecret(
    file,
    `<!doctype html><meta charset="utf-8"><title>vmlet</title><meta http-equiv="refresh" content="0;url=${address}">` +
      `<a href="${address}">vmlet</a>\n`,
  );
  const { openInBrowser } = await import('../../public/browser.ts');
  note(`opening the browser; the server is http://127.0.0.1:${server.port ?? ''}`);
  // An opener may run as long as the browser.
  void openInBrowser(file).catch((error: unknown) => {
    if (!(error instanceof VmletError)) throw error;
    note(`cannot open the browser: ${error.message}`, 'open this address:');
    printAddress();
  });
}

function writeSecret(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
}
