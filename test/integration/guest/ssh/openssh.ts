import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { SshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { run, type RunResult } from '../../../../src/process/run.ts';
import { type SupervisedProcess, supervise } from '../../../../src/process/supervise.ts';
import type { Scope } from '../../../../src/util/scope.ts';
import { until } from '../../../until.ts';

/** Why the tests that log in cannot run here; undefined when they can. */
export function whyNoSshd(): string | undefined {
  if (findProgram('sshd') === undefined) return 'there is no sshd (Debian package openssh-server)';
  // sshd run by another user rejects logins for accounts that it cannot read, and leaves the rest to PAM.
  if (process.getuid?.() !== 0) return 'sshd is started by root only here';
  return undefined;
}

export interface TestSshd {
  readonly port: number;
  readonly sshd: SupervisedProcess;
}

/** The real sshd on a free port of the loopback, with a host key of ours; it lets root in with `authorized`. */
export async function startSshd(
  directory: string,
  hostKey: SshKeyPair,
  authorized: string,
  scope: Scope,
): Promise<TestSshd> {
  mkdirSync(directory, { recursive: true });
  writeKey(join(directory, 'host'), hostKey);
  writeFileSync(join(directory, 'authorized_keys'), `${authorized}\n`);
  // With privilege separation, sshd needs this; packages create it at the start of their service.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const port = await freePort();
  writeFileSync(
    join(directory, 'sshd_config'),
    [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey "${join(directory, 'host')}"`,
      `AuthorizedKeysFile "${join(directory, 'authorized_keys')}"`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin yes',
      '',
    ].join('\n'),
  );
  const sshd = supervise(
    [findProgram('sshd') ?? 'sshd', '-D', '-e', '-f', join(directory, 'sshd_config')],
    { environment: { PATH: process.env['PATH'] ?? '' } },
    scope,
  );
  await until(
    () => {
      const said = sshd.output.last(20).join('\n');
      if (/fatal|error/i.test(said)) throw new Error(said);
      return said.includes('Server listening');
    },
    { awaited: 'sshd listens' },
  );
  return { port, sshd };
}

export function writeKey(path: string, key: SshKeyPair): void {
  writeFileSync(path, key.privateKey);
  chmodSync(path, 0o600);
  writeFileSync(`${path}.pub`, `${key.publicKey}\n`);
}

/** ssh without an agent, and never with a question, which nobody could answer. */
export async function ssh(argv: readonly [string, ...string[]]): Promise<RunResult> {
  return run(argv, {
    environment: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' },
    acceptedExitCodes: Array.from({ length: 256 }, (_, code) => code),
    timeoutMs: 60_000,
  });
}

/** A port of the loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
