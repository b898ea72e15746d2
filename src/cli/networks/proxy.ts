import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { Scope } from '../../util/scope.ts';
import { durationMs, wholeNumber } from '../flags/flag-values.ts';
import { reportError } from '../output/report-error.ts';
import { note, printJson, printLine } from '../output/say.ts';
import { Interrupts } from '../session/interrupts.ts';

interface Flags {
  readonly port?: number;
  readonly idle?: number;
  readonly json?: true;
}

const HOUR_MS = 3_600_000;
const LAST_PORT = 65_535;
const USER = 'vmlet';

export function proxyCommand(): Command {
  return new Command('proxy')
    .description(
      'Runs an HTTP proxy on 127.0.0.1. A client that uses this proxy can reach every TCP port of your running machines ' +
        'without port forwards. The guests need vmlet’s agent. The address of a port is http://NAME.vmlet.localhost:PORT/ or, ' +
        'for a machine in a private network, http://NAME.NETWORK:PORT/. The proxy requires a secret, and rejects all other ' +
        'host names. It exits on Ctrl-C, or when it has not been used for the time set with --idle.',
    )
    .option('--port <port>', 'listen on this port (default: a free one)', portNumber)
    .option('--idle <time>', 'exit when there has been no connection for this time (default: 1h)', durationMs)
    .option('--json', 'print the address and the secret of the proxy as JSON')
    .action(serve);
}

function portNumber(text: string): number {
  const port = wholeNumber(text);
  if (port < 1 || port > LAST_PORT)
    throw new InvalidArgumentError(`expected a number from 1 to ${LAST_PORT}`);
  return port;
}

async function serve({ port, idle = HOUR_MS, json }: Flags): Promise<void> {
  await using scope = new Scope();
  using interrupts = new Interrupts();
  const interrupted = new Promise<void>((end) => (interrupts.whenAsked = () => end()));
  const { claimRuntimeDirectory } = await import('../../public/runtime-directory.ts');
  const { ProxyServer } = await import('./proxy-server.ts');
  const server = await ProxyServer.start({ user: USER, port, idleMs: idle, onDefect: reportError });
  scope.defer(async () => server[Symbol.asyncDispose]());
  const address = `http://127.0.0.1:${server.port}`;
  const url = `http://${USER}:${server.secret}@127.0.0.1:${server.port}`;
  // Every user may read the command line of curl.
  const curlConfig = join(claimRuntimeDirectory(scope), 'curl');
  const settings = `proxy = "${address}"\nproxy-user = "${USER}:${server.secret}"\nnoproxy = ""\n`;
  writeFileSync(curlConfig, settings, { mode: 0o600, flag: 'wx' });
  if (json) {
    printJson({
      version: 1,
      proxy: { address, port: server.port, user: USER, password: server.secret, url, curlConfig },
    });
  } else {
    printLine(`curl -K ${curlConfig} http://NAME.vmlet.localhost:PORT/`);
    printLine(`export http_proxy=${url} https_proxy=${url}`);
    note(
      'run one of these lines in another terminal; NAME stands for a machine, PORT for a TCP port of its guest',
      'the proxy reaches only machines of vmlet; press Ctrl-C to exit',
    );
  }
  const reason = await Promise.race([interrupted, server.idle.then(() => 'idle' as const)]);
  if (reason === 'idle')
    note('exiting: the proxy has not been used for the time set with --idle (default: 1h)');
}
