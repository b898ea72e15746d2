import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Scope } from '../../util/scope.ts';
import { packageFile } from '../../util/package-file.ts';
import { VmletError } from '../../errors/index.ts';
import { isInForeground } from '../../public/foreground.ts';
import { formatDurationFlag } from '../output/duration.ts';
import { reportError } from '../output/report-error.ts';
import { note, printLine } from '../output/say.ts';
import { Interrupts } from '../session/interrupts.ts';
import type { UiServer } from '../server/ui-server.ts';

/** Where the help tells a user to forward the socket to. */
const FORWARD = 'http://localhost:8080';

/** Options of a server of the page. */
export interface ServeOptions {
  /** Open the browser. */
  readonly open: boolean;
  /** Path of a unix socket to listen on. */
  readonly socket?: string | undefined;
  /** It ends after this time without a page. */
  readonly idleMs: number;
  /** Opened in the page, such as `/machines/web/screen`. */
  readonly place?: string | undefined;
}

/** Serves the page until Ctrl-C, or until no page has been open for a while. */
export async function servePage({ open, socket, idleMs, place }: ServeOptions): Promise<void> {
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
    idleMs,
    onDefect: reportError,
  });
  scope.defer(async () => server[Symbol.asyncDispose]());
  const tokenFile = join(directory, 'token');
  writeSecret(tokenFile, `${server.credentials.bearer}\n`);
  note(`file with the access token for the HTTP API: ${tokenFile}`);
  if (socketPath !== undefined) {
    note(
      `listening on ${socketPath}`,
      `to open the page on another computer, run on that computer: ssh -L 8080:${socketPath} HOST`,
      'HOST is the name of this computer; then open this address on the other computer:',
    );
  }
  const printAddress = (): void =>
    printLine(server.newAddress(place, socketPath === undefined ? undefined : FORWARD));
  if (open && socketPath === undefined) await openPage(server, { directory, place, printAddress });
  else printAddress();
  if (process.stdin.isTTY && isInForeground()) {
    const lines = createInterface({ input: process.stdin });
    scope.defer(() => lines.close());
    lines.on('line', printAddress);
    note('each address works only once; press Enter for a new address, Ctrl-C to exit');
  }
  const reason = await Promise.race([interrupted, server.idle.then(() => 'idle' as const)]);
  for (const command of server.runningCommands) note(`cancelling: ${command}`);
  if (reason === 'idle') note(`exiting: no page has been open for ${formatDurationFlag(idleMs)}`);
}

interface Opening extends Pick<ServeOptions, 'place'> {
  /** A directory that only this user may enter. */
  readonly directory: string;
  readonly printAddress: () => void;
}

/** The address is in a file: every user may read the command line of a browser. */
async function openPage(server: UiServer, { directory, place, printAddress }: Opening): Promise<void> {
  const file = join(directory, 'open.html');
  const address = server.newAddress(place);
  writeSecret(
    file,
    `<!doctype html><meta charset="utf-8"><title>vmlet</title><meta http-equiv="refresh" content="0;url=${address}">` +
      `<a href="${address}">vmlet</a>\n`,
  );
  const { openInBrowser } = await import('../../public/browser.ts');
  note(`opening the page in the browser; vmlet serves it on http://127.0.0.1:${server.port ?? ''}`);
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
